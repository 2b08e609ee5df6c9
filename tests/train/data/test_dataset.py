from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.train.synthetic import make_dataset, write_png
from train.data.dataset import DatasetError, Part, read_dataset
from train.data.frames import prepare
from train.data.labels import read_labels


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "dataset", patients=2)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "dataset", ignore=shutil.ignore_patterns("cache")))


def edit(path: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Read a table, change its rows, write it back."""
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = reader.fieldnames or [], list(reader)
    change(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*columns, *(key for key in rows[0] if key not in columns)] if rows else columns)
        writer.writeheader()
        writer.writerows(rows)


def faults_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(DatasetError) as caught:
        prepare(read_dataset(folder), 16, "mask")
    return caught.value.faults


def test_a_whole_dataset_is_read(folder: Path) -> None:
    dataset = read_dataset(folder)
    assert [(scan.scan_id, scan.group, scan.eye.value) for scan in dataset.scans] == [
        ("P0_OD_0", "clear", "OD"),
        ("P0_OS_0", "clear", "OS"),
        ("P1_OD_0", "cataract", "OD"),
        ("P1_OS_0", "cataract", "OS"),
    ]
    assert dataset.scans[2].eye_id == "P1/OD/1"
    assert dataset.scans[2].age_years == 41


def test_a_description_beside_the_tables_is_taken_over(folder: Path) -> None:
    assert read_dataset(folder).description == "dataset"
    (folder / "description.txt").write_text("simulated scans, seed 7\n")
    assert read_dataset(folder).description == "simulated scans, seed 7"


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("mask", "masks/none.png", "scan P0_OD_0: mask 'masks/none.png' is missing"),
        ("image", "", "scan P0_OD_0: image '' is missing"),
        ("truth_labels", "truth/none.png", "scan P0_OD_0: truth_labels 'truth/none.png' is missing"),
        ("eye", "", "scan P0_OD_0: eye '' has no side, OD or OS was expected"),
        ("eye", "left", "scan P0_OD_0: eye 'left' has no side, OD or OS was expected"),
        ("group", "hazy", "scan P0_OD_0: group 'hazy' is unknown, clear, cataract or nothing was expected"),
        ("exam", "0", "scan P0_OD_0: exam '0' is no positive integer"),
        ("patient_id", "P9", "scan P0_OD_0: patient 'P9' is not in patients.csv"),
        ("profile", "polaroid", "scan P0_OD_0: profile 'polaroid' is unknown"),
        ("bcva_logmar", "20/20", "scan P0_OD_0: bcva_logmar '20/20' is no number"),
        ("meridian_deg", "nan", "scan P0_OD_0: meridian_deg 'nan' is no number"),
        ("scan_id", "P0_OS_0", "scan P0_OS_0 has several rows"),
    ],
)
def test_a_fault_in_a_row_is_named(folder: Path, column: str, value: str, fault: str) -> None:
    edit(folder / "scans.csv", lambda rows: rows[0].__setitem__(column, value))
    where = "scans.csv: " if "several rows" in fault else "scans.csv, line 2: "
    assert faults_of(folder) == (where + fault,)


def test_an_eye_in_two_groups_is_named(folder: Path) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        rows[1] |= {"eye": "OD", "group": "cataract"}

    edit(folder / "scans.csv", change)
    assert faults_of(folder) == ("scans.csv: eye P0 OD is in two groups, clear and cataract",)


def test_a_patient_on_both_sides_of_the_split_is_named(folder: Path) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        for row, split in zip(rows, ("training", "test", "training", "training"), strict=True):
            row["split"] = split

    edit(folder / "scans.csv", change)
    assert faults_of(folder) == ("scans.csv: patient P0 is on both sides of the split",)


def test_a_mask_of_the_wrong_size_is_named(folder: Path) -> None:
    write_png(folder / "masks/P0_OD_0.png", np.zeros((5, 7), np.uint8))
    assert faults_of(folder) == (
        "scans.csv, line 2: scan P0_OD_0: mask P0_OD_0.png: wrong size, 7 x 5; the image has 538 x 456",
    )


def test_unknown_label_values_are_named(folder: Path) -> None:
    mask = np.zeros((456, 538), np.uint8)
    mask[3, 4], mask[5, 6] = 3, 255
    write_png(folder / "masks/P0_OD_0.png", mask)
    assert faults_of(folder) == (
        "scans.csv, line 2: scan P0_OD_0: mask P0_OD_0.png: unknown label value(s) 3, 255; 0, 1 and 2 were expected",
    )


def test_a_colour_mask_is_named(folder: Path) -> None:
    write_png(folder / "masks/P0_OD_0.png", np.zeros((456, 538, 3), np.uint8))
    assert faults_of(folder)[0].startswith(
        "scans.csv, line 2: scan P0_OD_0: mask P0_OD_0.png: one 8-bit channel was expected"
    )


def test_the_mask_is_checked_even_where_the_truth_is_learnt(folder: Path) -> None:
    write_png(folder / "masks/P0_OD_0.png", np.zeros((5, 7), np.uint8))
    with pytest.raises(DatasetError, match=r"mask P0_OD_0\.png: wrong size"):
        prepare(read_dataset(folder), 16, "truth_labels")


def test_a_duplicate_image_is_named(folder: Path) -> None:
    shutil.copy(folder / "images/P0_OD_0.png", folder / "images/P1_OS_0.png")
    assert faults_of(folder) == ("scans.csv, line 5: scan P1_OS_0: image is a duplicate of that of scan P0_OD_0",)


def test_a_picture_in_another_container_is_a_duplicate(folder: Path) -> None:
    picture = cv2.imdecode(np.fromfile(folder / "images/P0_OD_0.png", np.uint8), cv2.IMREAD_UNCHANGED)
    (folder / "images/copy.bmp").write_bytes(cv2.imencode(".bmp", picture)[1].tobytes())
    edit(folder / "scans.csv", lambda rows: rows[3].__setitem__("image", "images/copy.bmp"))
    assert faults_of(folder) == ("scans.csv, line 5: scan P1_OS_0: image is a duplicate of that of scan P0_OD_0",)


def test_a_mask_for_two_scans_is_named_unless_neither_shows_a_lens(folder: Path) -> None:
    edit(folder / "scans.csv", lambda rows: rows[1].__setitem__("mask", "./images/../masks/P0_OD_0.png"))
    assert faults_of(folder) == ("scans.csv, line 3: scan P0_OS_0: mask P0_OD_0.png is already that of scan P0_OD_0",)

    def change(rows: list[dict[str, str]]) -> None:
        for row in rows[:2]:
            row |= {"group": "", "mask": "masks/P0_OD_0.png", "truth_labels": ""}

    edit(folder / "scans.csv", change)
    write_png(folder / "masks/P0_OD_0.png", np.zeros((456, 538), np.uint8))
    assert prepare(read_dataset(folder), 16, "mask").scans[1].lens_box is None


def test_cataract_eyes_that_are_painted_clear_all_over_are_named(folder: Path) -> None:
    assert prepare(read_dataset(folder), 16, "mask").doubt == ""
    for name in ("P1_OD_0", "P1_OS_0"):
        write_png(folder / f"masks/{name}.png", np.minimum(read_labels(folder / f"masks/{name}.png"), 1))
    for _ in range(2):  # also when the frames were prepared before
        doubt = prepare(read_dataset(folder), 16, "mask").doubt
        assert doubt.startswith("2 cataract eye(s) without cataract in any mask")
        assert doubt.endswith("P1 OD, P1 OS.")


def test_a_mask_that_changes_is_checked_anew_where_the_truth_is_learnt(folder: Path) -> None:
    prepare(read_dataset(folder), 16, "truth_labels")
    write_png(folder / "masks/P0_OD_0.png", np.zeros((456, 538), np.uint8))
    with pytest.raises(DatasetError, match=r"mask P0_OD_0\.png is empty, but its group is clear"):
        prepare(read_dataset(folder), 16, "truth_labels")


def test_a_painted_mask_must_look_like_a_lens(folder: Path) -> None:
    line = np.zeros((456, 538), np.uint8)
    line[200:203, 100:400] = 1
    write_png(folder / "masks/P0_OD_0.png", line)
    edit(folder / "scans.csv", lambda rows: rows[0].__setitem__("truth_labels", ""))
    with pytest.raises(DatasetError, match=r"scans\.csv, line 2: .* shows a lens 0\.09 mm deep") as caught:
        prepare(read_dataset(folder), 4, "mask")
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("name", ["Split", "SPLITS", " split", "s plit", "Truth Labels", "truth-label", "artefact"])
def test_a_column_that_is_nearly_named_like_an_optional_one_is_a_fault(folder: Path, name: str) -> None:
    table = folder / "scans.csv"
    lines = [line.rpartition(",")[0] for line in table.read_text().splitlines()]
    table.write_text("\n".join([f"{lines[0]},{name}", *(f"{line}," for line in lines[1:])]) + "\n")
    if name.strip() == "split":
        assert read_dataset(folder).scans
        return
    written = {"s": "split", "t": "truth_labels", "a": "artefacts"}[name.lower()[0]]
    assert faults_of(folder) == (f"scans.csv: column {name!r} must be written {written}",)


def test_a_required_column_in_capitals_is_told_with_its_spelling(folder: Path) -> None:
    path = folder / "patients.csv"
    path.write_text(path.read_text().replace("patient_id", "Patient ID", 1))
    assert faults_of(folder) == ("patients.csv: column 'Patient ID' must be written patient_id",)


def test_empty_columns_at_the_right_are_left_out(folder: Path) -> None:
    for name in ("patients.csv", "scans.csv"):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("\n".join(f"{line},,," for line in lines) + "\n")
    assert len(read_dataset(folder).scans) == 4


def test_an_empty_patient_is_named_in_both_tables(folder: Path) -> None:
    edit(folder / "patients.csv", lambda rows: rows[0].__setitem__("patient_id", ""))
    edit(folder / "scans.csv", lambda rows: [row.__setitem__("patient_id", "") for row in rows[:2]])
    assert faults_of(folder) == (
        "patients.csv, line 2: patient_id is empty",
        "scans.csv, line 2: scan P0_OD_0: patient_id is empty",
        "scans.csv, line 3: scan P0_OS_0: patient_id is empty",
    )


def test_every_fault_is_named_at_once(folder: Path) -> None:
    (folder / "images/P0_OD_0.png").write_bytes(b"no picture")
    write_png(folder / "masks/P1_OD_0.png", np.zeros((5, 7), np.uint8))
    assert len(faults_of(folder)) == 2


def test_a_missing_table_and_a_missing_column_are_named(folder: Path) -> None:
    (folder / "patients.csv").unlink()
    edit(folder / "scans.csv", lambda rows: [row.pop("mask") for row in rows])
    text = (folder / "scans.csv").read_text().splitlines()
    (folder / "scans.csv").write_text("\n".join([text[0].replace("mask,", ""), *text[1:]]))
    faults = faults_of(folder)
    assert any("patients.csv: cannot be read" in fault for fault in faults)
    assert "scans.csv: column mask is missing" in faults


TABLES = {
    "semicolons": (lambda text: text.replace(",", ";"), "the table seems to be separated by semicolons"),
    "bars": (lambda text: text.replace(",", "|"), "the table seems to be separated by vertical bars"),
    "tabs": (lambda text: text.replace(",", "\t"), "the table seems to be separated by tabs"),
    "a column twice": (lambda text: text.replace("patient_id,", "patient_id,sex,", 1), "column sex stands there twice"),
    "a cell too many": (lambda text: text.rstrip("\n") + ",x\n", "cells, 3 were expected"),
    "a cell too few": (lambda text: text.rstrip("\n").rpartition(",")[0] + "\n", "2 cells, 3 were expected"),
    "a comma in a number": (lambda text: re.sub(r",(\d+)\.?\d*,", r',"\1,5",', text), "a point is expected"),
    "a year for an age": (lambda text: re.sub(r",\d+\.?\d*,", ",1951,", text), "age_years 1951 is not plausible"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_as_hands_leave_it_is_named(folder: Path, name: str) -> None:
    change, said = TABLES[name]
    path = folder / "patients.csv"
    path.write_text(change(path.read_text()))
    faults = faults_of(folder)
    assert any(fault.startswith("patients.csv") and said in fault for fault in faults)
    assert len(faults) <= 3


def test_empty_rows_marks_and_other_encodings_of_a_spreadsheet(folder: Path) -> None:
    path = folder / "patients.csv"
    text = path.read_text()
    path.write_bytes((text + ",,\n\n , ,\n").replace("\n", "\r\n").encode("utf-16"))
    assert read_dataset(folder).scans
    path.write_bytes(b"\xff" + text.encode())
    assert any("is not in UTF-8" in fault for fault in faults_of(folder))
    path.write_bytes(b"PK\x03\x04" + text.encode())
    assert any("save it as CSV" in fault for fault in faults_of(folder))
    path.rename(folder / "patients.xlsx")
    assert any("patients.xlsx must be saved as CSV" in fault for fault in faults_of(folder))


def test_one_file_for_image_and_mask_is_named(folder: Path) -> None:
    edit(folder / "scans.csv", lambda rows: rows[0].__setitem__("mask", rows[0]["image"]))
    said = ("scans.csv, line 2: scan P0_OD_0: image and mask are the same file",)
    assert faults_of(folder) == said
    edit(folder / "scans.csv", lambda rows: rows[0].__setitem__("mask", "masks/../" + rows[0]["image"]))
    assert faults_of(folder) == said


def test_the_test_scans_are_the_part_where_a_table_has_a_split(folder: Path) -> None:
    whole = read_dataset(folder)
    assert whole.part(None) is whole
    edit(folder / "scans.csv", lambda rows: [row.__setitem__("split", "training") for row in rows])
    table = folder / "scans.csv"
    patients = sorted({scan.patient_id for scan in whole.scans})
    edit(table, lambda rows: [row.__setitem__("split", "test") for row in rows if row["patient_id"] == patients[0]])
    dataset = read_dataset(folder)
    assert {scan.patient_id for scan in dataset.part(None).scans} == {patients[0]}
    assert dataset.part(None).description.endswith("(test split)")
    assert len(dataset.part(Part.ALL).scans) == len(dataset.scans)
    assert {scan.split for scan in dataset.part(Part.TRAINING).scans} == {"training"}
    with pytest.raises(DatasetError, match="no scan is in the split"):
        whole.part(Part.TRAINING)
