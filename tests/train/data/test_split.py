from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.scan import Laterality
from train.data.dataset import ScanRecord
from train.data.split import split_by_patient


def scans(clear: int = 20, cataract: int = 10, not_gradable: int = 5) -> list[ScanRecord]:
    """Two eyes per patient; the first cataract patient has one clear eye."""
    groups = ["clear"] * clear + ["cataract"] * cataract + [""] * not_gradable
    records = [
        ScanRecord(
            scan_id=f"{number}{eye.value}",
            patient_id=f"P{number:02}",
            eye=eye,
            exam=1,
            group=group,
            meridian_deg=0,
            image=Path("i"),
            mask=Path("m"),
            truth_labels=None,
            bcva_logmar=None,
            age_years=None,
            profile="anterion",
            split="",
        )
        for number, group in enumerate(groups)
        for eye in Laterality
    ]
    records[2 * clear] = replace(records[2 * clear], group="clear")
    return records


def patients(side: tuple[ScanRecord, ...]) -> set[str]:
    return {scan.patient_id for scan in side}


def test_both_eyes_of_a_patient_are_on_one_side_and_no_scan_is_lost() -> None:
    split = split_by_patient(scans(), 0.2, seed=1)
    assert not patients(split.training) & patients(split.held_out)
    assert len(split.training) + len(split.held_out) == 70


def test_every_kind_of_patient_is_held_out_in_proportion() -> None:
    held_out = patients(split_by_patient(scans(), 0.2, seed=1).held_out)
    kinds = ((0, 20), (20, 30), (30, 35))
    assert [sum(low <= int(name[1:]) < high for name in held_out) for low, high in kinds] == [4, 2, 1]


def test_the_seed_decides() -> None:
    assert split_by_patient(scans(), 0.2, seed=1) == split_by_patient(scans(), 0.2, seed=1)
    assert split_by_patient(scans(), 0.2, seed=1) != split_by_patient(scans(), 0.2, seed=2)


def test_the_order_of_the_table_does_not_decide() -> None:
    forwards, backwards = split_by_patient(scans(), 0.2, 1), split_by_patient(scans()[::-1], 0.2, 1)
    assert patients(forwards.held_out) == patients(backwards.held_out)


def test_a_split_column_decides_where_there_is_one() -> None:
    given = [replace(scan, split="test" if scan.patient_id == "P03" else "training") for scan in scans()]
    assert patients(split_by_patient(given, 0.5, 1).held_out) == {"P03"}


def test_a_kind_of_one_patient_stays_in_training() -> None:
    split = split_by_patient(scans(clear=4, cataract=1, not_gradable=0), 0.5, 1)
    assert "P04" in patients(split.training)


@pytest.mark.parametrize("fraction", [-0.1, 1.0])
def test_an_impossible_share_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="held_out_fraction"):
        split_by_patient(scans(), fraction, 1)
