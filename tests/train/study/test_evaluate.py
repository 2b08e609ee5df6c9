from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_runtime.ledger import Ledger
from tests.make_tiny_model import TinyModel, tiny_model_bytes
from tests.train.synthetic import make_dataset, write_png
from train.__main__ import main
from train.data.dataset import DatasetError, read_dataset
from train.data.frames import prepare, read_labels
from train.metrics import MIN_CF_THRESHOLD
from train.study.rows import EyeRow, ScanRow, eyes_of, read_rows

from .recompute import check_report

CHEAP = ("--resamples", "100")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey levels of the made-up lenses: 20 background, 90 clear, 200 cataract."""
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_model_bytes(TinyModel(grid=8, clear_from=55.5, cataract_from=145.5)))
    return path


def change_tables(folder: Path, change: Any, columns: tuple[str, ...] = ()) -> None:
    """Pass every row of scans.csv through `change`; drop a row for which it returns None."""
    with (folder / "scans.csv").open(newline="") as file:
        rows = [changed for row in csv.DictReader(file) if (changed := change(row)) is not None]
    with (folder / "scans.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, (*rows[0], *(name for name in columns if name not in rows[0])))
        writer.writeheader()
        writer.writerows(rows)


def evaluate(model: Path, data: Path, out: Path, *more: str) -> dict[str, Any]:
    assert main(["evaluate", "--model", str(model), "--data", str(data), "--out", str(out), *CHEAP, *more]) == 0
    results: dict[str, Any] = json.loads(
        (out / "results.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} in results.json")
    )
    return results


@pytest.fixture(scope="module")
def report(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a small simulated dataset: kinds, artefacts, two exams of some eyes, two scans without a lens."""
    folder = tmp_path_factory.mktemp("study")
    data = make_dataset(folder / "data", patients=8, scans_per_eye=2)
    generator = np.random.default_rng(5)

    def change(row: dict[str, str]) -> dict[str, str]:
        number, name = int(row["patient_id"][1:]), row["scan_id"]
        if number < 2:  # the second scan becomes the second exam
            row["exam"] = str(1 + int(name[-1]))
        labels = np.zeros((456, 538), np.uint8)
        if number == 7:  # a frame without a lens
            row["group"] = ""
            write_png(data / row["image"], generator.integers(0, 30, labels.shape, dtype=np.uint8))
            write_png(data / row["mask"], labels)
            write_png(data / row["truth_labels"], labels)
        elif number == 6 and row["eye"] == "OS":  # a clear eye that looks hazy: a false positive
            labels[200:300, 200:350] = 1
            picture = np.where(labels > 0, 90, 20) + generator.normal(0, 4, labels.shape)
            picture[200:240, 200:350] = 200
            write_png(data / row["image"], picture.astype(np.uint8))
            write_png(data / row["mask"], labels)
            write_png(data / row["truth_labels"], labels)
        opaque = read_labels(data / row["truth_labels"]) == 2
        observable = opaque & (np.arange(456)[:, None] < 260)  # nothing below this row can be seen
        write_png(data / f"kinds/{name}.png", opaque.astype(np.uint8))
        write_png(data / f"observable/{name}.png", observable.astype(np.uint8))
        return row | {
            "truth_type": f"kinds/{name}.png",
            "truth_observable": f"observable/{name}.png",
            "artefacts": "lashes lid" if name.endswith("1") else "",
            "state": "aphakic" if number == 7 else "phakic",
        }

    change_tables(data, change)
    evaluate(model, data, folder / "out")
    return folder


def results_of(report: Path) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((report / "out/results.json").read_text())
    return results


@pytest.mark.slow
def test_auc_sensitivity_and_specificity_follow_from_the_written_table(report: Path) -> None:
    assert check_report(report / "out") == (6, 8)
    assert results_of(report)["diagnosis"]["eye"]["fixed"]["specificity"]["value"] == 7 / 8


@pytest.mark.slow
def test_what_is_known_of_the_made_up_lenses_comes_out(report: Path) -> None:
    results = results_of(report)
    assert results["dice"]["lens"]["value"] > 0.97
    assert results["cataract_fraction"]["mean"]["cataract"]["value"] == pytest.approx(0.5, abs=0.02)
    assert results["localisation"]["auc"]["value"] > 0.99
    assert results["localisation"]["recall_by_kind"]["nuclear"]["value"] > 0.97
    clear = results["table_1"]["clear"]
    assert (clear["images"], clear["eyes"], clear["patients"]) == (14, 8, 4)
    assert results["repeated"]["all"]["icc"]["n"] == {"cataract": 2, "clear": 2}
    assert results["refusals"]["without_lens_by_state"] == {"aphakic": [4, 4]}
    assert results["strata"]["artefacts=lashes"]["specificity"]["n"]["clear"] > 0
    assert {"age", "lens_density", "nucleus_density", "grey_fraction"} == set(results["baselines"])


@pytest.mark.slow
def test_observable_recall_follows_from_the_written_table(report: Path) -> None:
    found = results_of(report)["localisation"]
    rows = [row for row in read_rows(report / "out/scans.csv", ScanRow) if row.group]
    opaque, seen, called = (
        sum(sum(getattr(row, name)) for row in rows) for name in ("opaque_px", "observable_px", "observable_found_px")
    )
    assert 0 < called <= seen < opaque
    assert found["observable_recall"]["value"] == pytest.approx(called / seen)
    assert found["observable_share"]["value"] == pytest.approx(seen / opaque)
    nuclear = sum(row.observable_found_px[1] for row in rows) / sum(row.observable_px[1] for row in rows)
    assert found["observable_recall_by_kind"]["nuclear (clinical)"]["value"] == pytest.approx(nuclear)
    assert "recall of observable opaque pixels" in (report / "out/report.md").read_text()


@pytest.mark.slow
def test_without_the_column_there_is_no_recall_of_observable_pixels(report: Path, model: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(report / "data", data)
    change_tables(data, lambda row: {k: v for k, v in row.items() if k != "truth_observable"})
    results = evaluate(model, data, tmp_path / "out")
    found, known = results["localisation"], results_of(report)["localisation"]
    assert found["recall_by_kind"] == known["recall_by_kind"]
    assert (found["observable_recall"], found["observable_recall_by_kind"]) == (None, {})
    text = (tmp_path / "out/report.md").read_text()
    assert "recall of observable opaque pixels" not in text
    assert "the dataset has no column truth_observable" in text


@pytest.mark.slow
def test_a_map_of_observable_pixels_with_another_code_is_named(
    report: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    shutil.copytree(report / "data", data)
    write_png(data / "observable/P0_OD_0.png", np.full((456, 538), 255, np.uint8))
    (data / "observable/P0_OS_0.png").unlink()
    assert main(["evaluate", "--model", str(model), "--data", str(data), "--out", str(tmp_path / "out")]) == 65
    message = capsys.readouterr().err
    assert "scan P0_OD_0: truth_observable P0_OD_0.png has the unknown code 255" in message
    assert "scan P0_OS_0: truth_observable P0_OS_0.png is no readable 8-bit map" in message


@pytest.mark.slow
def test_eyes_refused_in_one_report_are_dropped_and_counted(report: Path, model: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(report / "data", data)
    generator = np.random.default_rng(8)

    def hide(row: dict[str, str]) -> dict[str, str]:
        if row["patient_id"] == "P5" and row["eye"] == "OD":  # its lens cannot be seen here
            write_png(data / row["image"], generator.integers(0, 30, (456, 538), dtype=np.uint8))
        return row

    change_tables(data, hide)
    moved = evaluate(model, data, tmp_path / "out", "--pair-with", str(report / "out"))["moved"]
    assert (moved["eyes_dropped"], moved["not_graded_here"], moved["not_graded_there"]) == (1, 1, 0)
    assert moved["mean"]["n"]["cataract"] == moved["auc_difference"]["n"]["cataract"]
    text = (tmp_path / "out/report.md").read_text()
    assert "| eyes in both, dropped because not graded in at least one | 1 |" in text


@pytest.mark.slow
def test_without_an_eye_graded_in_both_reports_nothing_is_compared(model: Path, tmp_path: Path) -> None:
    seen, hidden = make_dataset(tmp_path / "seen", patients=2), make_dataset(tmp_path / "hidden", patients=2)
    for number, path in enumerate(sorted((hidden / "images").iterdir())):
        write_png(path, np.random.default_rng(number).integers(0, 30, (456, 538), dtype=np.uint8))
    evaluate(model, seen, tmp_path / "there")
    results = evaluate(model, hidden, tmp_path / "here", "--pair-with", str(tmp_path / "there"))
    assert results["moved"] is None
    assert any("4 eyes are in both, none is graded in both" in sentence for sentence in results["left_out"])


@pytest.mark.slow
def test_every_estimate_says_its_interval_and_what_it_rests_on(report: Path) -> None:
    def estimates(tree: Any) -> list[dict[str, Any]]:
        if isinstance(tree, dict):
            found = [tree] if {"value", "low", "high"} <= tree.keys() else []
            return found + [one for branch in tree.values() for one in estimates(branch)]
        return [one for branch in tree for one in estimates(branch)] if isinstance(tree, list) else []

    found = estimates(results_of(report))
    assert len(found) > 50
    for one in found:
        assert one["method"]
        if one["value"] is not None:
            assert sum(one["n"].values()) > 0
            assert one["low"] is None or one["low"] <= one["high"]


@pytest.mark.slow
def test_the_report_names_seed_commit_model_data_and_machine(report: Path) -> None:
    results = results_of(report)
    text = (report / "out/report.md").read_text()
    for value in (results["model"]["sha256"], results["data"]["sha256"], results["code_revision"]):
        assert value in text
    assert results["seed"] == 0
    assert results["versions"]["scipy"]
    assert results["machine"]["cpus"] > 0


@pytest.mark.slow
def test_figures_are_there_and_small(report: Path) -> None:
    results = results_of(report)
    assert {"roc.png", "cataract_fraction.png", "calibration.png", "examples.jpg", "false_positives.jpg"} <= set(
        results["figures"]
    )
    assert "false_negatives.jpg" not in results["figures"]  # there is none
    assert sum((report / "out" / name).stat().st_size for name in results["figures"]) < 3_000_000
    for name in results["figures"]:
        plot = (report / "out" / name).with_suffix(".pdf")
        assert plot.is_file() == name.endswith(".png")
        assert f"]({name})" in (report / "out/report.md").read_text()


@pytest.mark.slow
def test_a_second_run_reads_what_the_first_one_measured(report: Path, model: Path, capsys: Any) -> None:
    before = (report / "out/scans.csv").read_bytes()
    results = evaluate(model, report / "data", report / "out")
    assert (report / "out/scans.csv").read_bytes() == before
    assert results["diagnosis"] == results_of(report)["diagnosis"]


@pytest.mark.slow
def test_a_stopped_run_is_continued_even_after_half_a_line(report: Path, model: Path, tmp_path: Path) -> None:
    whole = (report / "out/predictions.ledger").read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    (out / "predictions.ledger").write_bytes(whole[: len(whole) // 2])
    evaluate(model, report / "data", out)

    def rows(folder: Path) -> list[str]:
        return (folder / "scans.csv").read_text().splitlines()

    def without_times(lines: list[str]) -> list[str]:
        return [",".join(line.split(",")[:-2]) for line in lines]  # without infer_ms and paper_fraction, the last two

    assert without_times(rows(out)) == without_times(rows(report / "out"))
    kept = whole[: len(whole) // 2].count(b"\n") - 1  # the first line is the stamp
    assert kept > 1
    assert rows(out)[1 : 1 + kept] == rows(report / "out")[1 : 1 + kept]  # the times too: they were not measured again


@pytest.mark.slow
def test_a_run_of_other_code_measures_every_scan_again(report: Path, model: Path, tmp_path: Path) -> None:
    first, *_ = (report / "out/predictions.ledger").read_text().splitlines()
    stamp = json.loads(first)["stamp"]
    with Ledger(tmp_path / "predictions.ledger", stamp | {"code_revision": "another"}) as ledger:
        ledger.append("P0_OD_0", {"lens_px": 1})
    evaluate(model, report / "data", tmp_path)
    rows = read_rows(tmp_path / "scans.csv", ScanRow)
    assert [row.lens_px for row in rows] == [row.lens_px for row in read_rows(report / "out/scans.csv", ScanRow)]


@pytest.mark.slow
def test_eyes_csv_follows_from_scans_csv(report: Path) -> None:
    assert read_rows(report / "out/eyes.csv", EyeRow) == eyes_of(read_rows(report / "out/scans.csv", ScanRow))


@pytest.mark.slow
def test_another_report_fixes_thresholds_and_gives_paired_eyes(report: Path, model: Path, tmp_path: Path) -> None:
    other = report / "out"
    more = ("--threshold-from", str(other), "--pair-with", str(other), "--workers", "2")
    results = evaluate(model, report / "data", tmp_path / "out", *more)
    assert results["threshold"]["cf_threshold"] == results_of(report)["diagnosis"]["eye"]["own_threshold"]["value"]
    assert (
        results["baselines"]["age"]["fixed"]["cf_threshold"] == results_of(report)["baselines"]["age"]["own_threshold"]
    )
    assert results["moved"]["absolute_95"]["value"] == 0
    assert results["moved"]["decisions_changed"] == 0
    assert results["table_1"]["clear"]["age_years"]["against_development"]["p"] == 1
    assert "7 patients are also in the dataset" in (tmp_path / "out/report.md").read_text()


@pytest.mark.slow
def test_real_data_without_truth_leaves_those_parts_out_and_says_so(model: Path, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "data", patients=2)
    change_tables(data, lambda row: {k: v for k, v in row.items() if k != "truth_labels"} | {"bcva_logmar": ""})
    ages = (data / "patients.csv").read_text().replace(",40,", ",,").replace(",41,", ",,")
    (data / "patients.csv").write_text(ages)
    results = evaluate(model, data, tmp_path / "out")
    assert (results["localisation"], results["calibration"], results["against_truth"]) == (None, None, None)
    assert "age" not in results["baselines"]
    assert results["table_1"]["clear"]["bcva_logmar"]["mean"] is None
    text = (tmp_path / "out/report.md").read_text()
    assert "the dataset has no truth columns" in text
    assert "patients.csv gives none" in text
    assert "against the true opacity" not in text.split("## Left out")[0]


def test_one_group_alone_has_no_auc_and_no_roc(model: Path, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "data", patients=2)
    change_tables(data, lambda row: row if row["group"] == "clear" else None)
    results = evaluate(model, data, tmp_path / "out", "--threshold", "0.2")
    assert results["diagnosis"]["eye"]["auc"]["value"] is None
    assert results["diagnosis"]["eye"]["fixed"]["specificity"]["value"] == 1
    assert "roc.png" not in results["figures"]
    assert any("no graded cataract eye" in sentence for sentence in results["left_out"])


def test_every_fault_of_images_and_masks_is_named_at_once(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_dataset(tmp_path / "data", patients=2)
    write_png(data / "masks/P0_OD_0.png", np.zeros((10, 20), np.uint8))
    write_png(data / "masks/P0_OS_0.png", np.full((456, 538), 7, np.uint8))
    (data / "images/P1_OD_0.png").write_bytes(b"no picture")
    assert main(["evaluate", "--model", str(model), "--data", str(data), "--out", str(tmp_path / "out")]) == 65
    message = capsys.readouterr().err
    assert "scan P0_OD_0: mask P0_OD_0.png: wrong size, 20 x 10; the image has 538 x 456" in message
    assert "scan P0_OS_0: mask P0_OS_0.png: unknown label value(s) 7" in message
    assert "scan P1_OD_0: image P1_OD_0.png" in message
    assert not (tmp_path / "out/results.json").exists()


def test_a_run_that_fails_leaves_no_table_of_an_earlier_one(model: Path, tmp_path: Path) -> None:
    data, out = make_dataset(tmp_path / "data", patients=2), tmp_path / "out"
    evaluate(model, data, out)
    (data / "images/P1_OD_0.png").write_bytes(b"no picture")
    change_tables(data, lambda row: row | {"bcva_logmar": "0.3"})
    assert main(["evaluate", "--model", str(model), "--data", str(data), "--out", str(out)]) == 65
    assert not {"scans.csv", "eyes.csv", "results.json", "report.md"} & {path.name for path in out.iterdir()}


def test_a_duplicate_image_is_named_before_any_work(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_dataset(tmp_path / "data", patients=2)
    (data / "images/P1_OD_0.png").write_bytes((data / "images/P0_OD_0.png").read_bytes())
    assert main(["evaluate", "--model", str(model), "--data", str(data), "--out", str(tmp_path / "out")]) == 65
    assert "scan P1_OD_0: image is a duplicate of that of scan P0_OD_0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_masks_that_cannot_be_meant_are_named_as_before_training(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_dataset(tmp_path / "data", patients=2)
    for mask in (data / "masks").iterdir():
        write_png(mask, np.zeros((456, 538), np.uint8))
    command = ["evaluate", "--model", str(model), "--data", str(data), "--out", str(tmp_path / "out")]
    assert main(command) == 65
    evaluated = capsys.readouterr().err
    with pytest.raises(DatasetError) as caught:
        prepare(read_dataset(data), 8, "mask")
    assert len(caught.value.faults) == 4
    assert "scans.csv, line 2: scan P0_OD_0: mask P0_OD_0.png is empty, but its group is clear" in caught.value.faults
    assert all(fault in evaluated for fault in caught.value.faults)


def test_a_picture_in_another_container_is_a_duplicate(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_dataset(tmp_path / "data", patients=2)
    picture = cv2.imdecode(np.fromfile(data / "images/P0_OD_0.png", np.uint8), cv2.IMREAD_UNCHANGED)
    (data / "images/P1_OS_0.bmp").write_bytes(cv2.imencode(".bmp", picture)[1].tobytes())
    change_tables(data, lambda row: row | ({"image": "images/P1_OS_0.bmp"} if row["scan_id"] == "P1_OS_0" else {}))
    command = ["evaluate", "--model", str(model), "--data", str(data), "--out", str(tmp_path / "out")]
    for _ in range(2):  # also when every scan was measured before
        assert main(command) == 65
        assert "scan P1_OS_0: image is a duplicate of that of scan P0_OD_0" in capsys.readouterr().err


def test_cataract_eyes_that_are_painted_clear_all_over_are_named(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_dataset(tmp_path / "data", patients=2)
    write_png(data / "masks/P1_OD_0.png", np.minimum(read_labels(data / "masks/P1_OD_0.png"), 1))
    evaluate(model, data, tmp_path / "out")
    assert "1 cataract eye(s) without cataract in any mask, only clear lens: P1 OD." in capsys.readouterr().err


def test_a_table_in_another_encoding_is_measured_too(model: Path, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "data", patients=2)
    (data / "scans.csv").write_bytes((data / "scans.csv").read_text().encode("utf-16"))
    assert evaluate(model, data, tmp_path / "out")["data"]["tables_sha256"]


@pytest.mark.slow
def test_the_report_of_another_model_fixes_no_threshold(
    report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(tiny_model_bytes(TinyModel(grid=8, clear_from=50.5)))
    words = ["evaluate", "--model", str(other), "--data", str(report / "data"), "--out", str(tmp_path / "out")]
    assert main([*words, "--threshold-from", str(report / "out")]) == 65
    assert "error[other-model]" in capsys.readouterr().err
    assert main([*words, "--threshold-from", str(tmp_path)]) == 65
    assert "is no finished report" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--threshold", "1.5"), ("--workers", "0"), ("--resamples", "0")])
def test_a_senseless_request_ends_with_2(words: tuple[str, str], model: Path, tmp_path: Path) -> None:
    assert main(["evaluate", "--model", str(model), "--data", str(tmp_path), "--out", str(tmp_path), *words]) == 2


def test_a_missing_dataset_ends_with_its_exit_code_and_one_message(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--model", str(model), "--data", str(tmp_path), "--out", str(tmp_path / "report")]) == 65
    assert "error[dataset]" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


@pytest.mark.slow
def test_a_threshold_from_other_eyes_is_at_least_the_least_allowed(report: Path, model: Path, tmp_path: Path) -> None:
    results = results_of(report)
    results["diagnosis"]["eye"]["own_threshold"]["value"] = 0.0002
    (tmp_path / "other").mkdir()
    (tmp_path / "other/results.json").write_text(json.dumps(results))
    (tmp_path / "other/eyes.csv").write_bytes((report / "out/eyes.csv").read_bytes())
    data = make_dataset(tmp_path / "data", patients=2)
    found = evaluate(model, data, tmp_path / "out", "--threshold-from", str(tmp_path / "other"))
    assert found["threshold"]["cf_threshold"] == MIN_CF_THRESHOLD
    assert "the least allowed; 0.0002 was fixed on other eyes" in found["threshold"]["method"]
