from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.evidence.publish import COLOURS, MANIFEST, main, without_galleries
from tests.train.synthetic import write_png

COMMAND = "python -m train study --seed 7"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A finished study of one cohort."""
    report = tmp_path / "runs" / "validation"
    report.mkdir(parents=True)
    (report / "results.json").write_text('{"seed": 7}\n')
    (report / "report.md").write_text("# Study\n\n![roc](roc.png)\n\n![examples](examples.jpg)\n\n")
    (report / "scans.csv").write_text("scan_id\nscan-1\n")
    (report / "examples.jpg").write_bytes(b"scans of patients")
    write_png(report / "roc.png", np.tile(np.arange(240, dtype=np.uint8), (240, 1)))
    (tmp_path / "runs" / "study.md").write_text("# Study from seeds\n")
    return tmp_path / "runs"


def publish(study: Path) -> Path:
    target = study.parent / "docs" / "study"
    manifest = str(study.parent / "removed.json")
    assert main([str(study), "--into", str(target), "--command", COMMAND, "--manifest", manifest]) == 0
    return target


def test_numbers_page_and_plots_are_published_and_nothing_else(study: Path) -> None:
    target = publish(study)
    names = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert names == ["study.md", "validation/report.md", "validation/results.json", "validation/roc.png"]
    assert (target / "validation/report.md").read_text() == "# Study\n\n![roc](roc.png)\n\n"
    assert (target / "validation/results.json").read_bytes() == (study / "validation/results.json").read_bytes()


def test_a_published_plot_shows_the_same_in_fewer_colours(study: Path) -> None:
    """240 greys in a row become 32, so none is further off than half of what lies between two of those."""
    plot, small = study / "validation/roc.png", publish(study) / "validation/roc.png"
    with Image.open(plot) as one, Image.open(small) as other:
        apart = np.asarray(one.convert("L")).astype(int) - np.asarray(other.convert("L")).astype(int)
        assert np.abs(apart).max() <= 240 / COLOURS / 2 + 1
        assert other.mode == "P"


def test_what_stays_behind_is_recorded_with_its_digest(study: Path) -> None:
    publish(study)
    publish(study)  # a second time replaces the entry
    groups = json.loads((study.parent / "removed.json").read_text())["groups"]
    assert [group["commands"] for group in groups] == [[COMMAND]]
    found = {entry["path"]: (entry["bytes"], entry["sha256"]) for entry in groups[0]["files"]}
    expected = {
        f"docs/study/validation/{name}": (len(content), hashlib.sha256(content).hexdigest())
        for name, content in (("scans.csv", b"scan_id\nscan-1\n"), ("examples.jpg", b"scans of patients"))
    }
    assert found == expected


def test_plots_stay_in_a_report_and_pictures_of_scans_go() -> None:
    assert without_galleries("a\n\n![x](x.jpg)\n\n![y](y.png)\n\n") == "a\n\n![y](y.png)\n\n"


def test_the_committed_manifest_is_where_the_command_writes_it() -> None:
    assert json.loads(MANIFEST.read_text(encoding="utf-8"))["groups"]
