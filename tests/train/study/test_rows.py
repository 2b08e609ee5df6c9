from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from train.study.rows import KINDS, EyeRow, ScanRow, eyes_of, first_exams, read_rows, write_rows

ROW = ScanRow(
    scan_id="s", patient_id="P", eye="OD", exam=1, group="cataract", meridian_deg=30.0, age_years=71.5,
    bcva_logmar=None, image_sha256="ab", profile="anterion", lens_px=3, cataract_px=1, cataract_fraction=1 / 3,
    reasons=(), dice_background=0.1 + 0.2, dice_clear_lens=None, dice_cataract=0.5, dice_lens=1.0,
    dice_true_cataract=None, lens_density=80.0, nucleus_density=70.0, grey_counts=(1, 2), truth_opacity_fraction=0.4,
    localisation_auc=0.9, opaque_px=(0, 5, 0, 7), found_px=(0, 4, 0, 1),
    observable_px=(0, 3, 0, 7), observable_found_px=(0, 3, 0, 1), clear_px=9, false_px=1, reliability_px=(2, 3),
    reliability_opaque_px=(0, 3), reliability_sum=(0.1, 2.9), strata=("display=optical", "artefacts=lashes"),
    infer_ms=12.5,
)  # fmt: skip


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    refused = replace(ROW, cataract_fraction=None, reasons=("lens-not-found", "lens-too-small"), group="", strata=(),
                      observable_px=(), observable_found_px=())  # fmt: skip
    write_rows(tmp_path / "scans.csv", [ROW, refused], ScanRow)
    assert read_rows(tmp_path / "scans.csv", ScanRow) == [ROW, refused]
    eyes = eyes_of([ROW])
    write_rows(tmp_path / "eyes.csv", eyes, EyeRow)
    assert read_rows(tmp_path / "eyes.csv", EyeRow) == eyes


def test_a_table_with_other_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scans.csv").write_text("scan_id,cataract_fraction\n")
    with pytest.raises(ValueError, match="columns of a report of this version"):
        read_rows(tmp_path / "scans.csv", ScanRow)


def test_an_eye_is_the_mean_of_its_graded_scans_with_counts_added() -> None:
    rows = [ROW, replace(ROW, scan_id="t", cataract_fraction=2 / 3, lens_density=90.0, opaque_px=(0, 9, 0, 1)),
            replace(ROW, scan_id="u", cataract_fraction=None, lens_density=0.0)]  # fmt: skip
    (eye,) = eyes_of(rows)
    assert eye.cataract_fraction == pytest.approx(0.5)
    assert (eye.scans, eye.scans_graded, eye.lens_density, eye.grey_counts) == (3, 2, 85.0, (2, 4))
    assert eye.kind == KINDS[1]


def test_an_eye_without_a_graded_scan_has_no_fraction_instead_of_zero() -> None:
    (eye,) = eyes_of([replace(ROW, cataract_fraction=None, opaque_px=())])
    assert (eye.cataract_fraction, eye.lens_density, eye.kind) == (None, None, "")


def test_scans_without_a_gradable_lens_belong_to_no_eye() -> None:
    assert eyes_of([replace(ROW, group="")]) == []


def test_an_eye_carries_what_its_scans_agree_on_and_every_artefact() -> None:
    other = replace(ROW, strata=("display=corrected", "mix=N", "artefacts=none"))
    agreed = replace(ROW, strata=("display=optical", "mix=N", "artefacts=lashes"))
    (eye,) = eyes_of([agreed, other])
    assert eye.strata == ("artefacts=lashes", "mix=N")


def test_exams_are_eyes_of_their_own_and_the_first_is_diagnosed() -> None:
    eyes = eyes_of([replace(ROW, exam=2), ROW, replace(ROW, eye="OS", exam=3)])
    assert [eye.eye_id for eye in eyes] == ["P/OD/1", "P/OD/2", "P/OS/3"]
    assert [eye.eye_id for eye in first_exams(eyes)] == ["P/OD/1", "P/OS/3"]
