"""Two records of one checkout agree; whatever a record holds, another value is a difference."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.parity import same_numbers
from benchmarks.parity.same_numbers import main, record

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "edge_runtime" / "samples"
CATARACT = "edge_runtime/samples/simulated-cataract.png"
LARGE = {"torch", "onnx", "scipy", "matplotlib", "train", "export"}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a record of the bundled samples, among which one JSON file cannot be read as a scan."""
    out = tmp_path_factory.mktemp("record") / "before.json"
    assert main(["record", str(out), str(SAMPLES), "--precision", "fp32"]) == 0
    return out


def other(samples: Path, folder: Path, **changed: Any) -> Path:
    content = json.loads(samples.read_text(encoding="utf-8"))
    content["scans"][CATARACT] |= changed
    (folder / "after.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "after.json"


def test_a_checkout_computes_the_same_numbers_as_itself(samples: Path, tmp_path: Path) -> None:
    assert main(["record", str(tmp_path / "again.json"), str(SAMPLES), "--precision", "fp32"]) == 0
    assert main(["compare", str(samples), str(tmp_path / "again.json")]) == 0


def test_a_record_holds_results_and_errors(samples: Path) -> None:
    scans = json.loads(samples.read_text(encoding="utf-8"))["scans"]
    assert 0 < scans[CATARACT]["cataract_px"] < scans[CATARACT]["lens_px"]
    assert scans[CATARACT]["cataract_fraction"] > 0.5
    assert len({value for name, value in scans[CATARACT].items() if name.endswith("sha256")}) == 3
    assert [row for row in scans.values() if "error" in row] == [{"error": "unsupported-format", "exit_code": 65}]


@pytest.mark.parametrize("field", same_numbers.Computed.__dataclass_fields__)
def test_every_field_is_compared(samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str) -> None:
    assert main(["compare", str(samples), str(other(samples, tmp_path, **{field: "other"}))]) == 1
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith(CATARACT))
    assert line.startswith(f"{CATARACT}: {field} ")


def test_the_last_bit_of_a_fraction_is_compared(samples: Path, tmp_path: Path) -> None:
    fraction = json.loads(samples.read_text(encoding="utf-8"))["scans"][CATARACT]["cataract_fraction"]
    assert main(["compare", str(samples), str(other(samples, tmp_path, cataract_fraction=fraction + 2**-53))]) == 1


def test_scans_and_settings_of_one_record_alone_are_differences(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(samples.read_text(encoding="utf-8"))
    del content["scans"][CATARACT]
    (tmp_path / "after.json").write_text(json.dumps(content | {"precision": "int8"}), encoding="utf-8")
    assert main(["compare", str(samples), str(tmp_path / "after.json")]) == 1
    out = capsys.readouterr().out
    assert f"{CATARACT}: only recorded before" in out
    assert "precision: fp32 before, int8 after" in out


def test_nothing_to_analyse_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no files in"):
        record([tmp_path], "int8", None)


def test_two_files_of_one_name_are_an_error(tmp_path: Path) -> None:
    twin = tmp_path / "edge_runtime" / "samples"
    twin.mkdir(parents=True)
    shutil.copy(SAMPLES / "simulated-clear.png", twin)
    with pytest.raises(ValueError, match=r"two files are called edge_runtime/samples/simulated-clear\.png"):
        record([SAMPLES, twin], "int8", None)


def test_a_cap_of_100_megabytes_is_kept(tmp_path: Path) -> None:
    """The file runs by itself, as for another checkout, and imports nothing large beside the runtime."""
    out = tmp_path / "capped.json"
    code = (
        "import runpy, sys\n"
        "try: runpy.run_path('benchmarks/parity/same_numbers.py', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"assert not {LARGE!r} & set(sys.modules)"
    )
    words = ["record", str(out), str(SAMPLES), "--max-memory", "100"]
    subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, check=True)
    row = json.loads(out.read_text(encoding="utf-8"))["scans"][CATARACT]
    assert row["cataract_fraction"] > 0.5
    assert row["lens_probability_sha256"] is None
