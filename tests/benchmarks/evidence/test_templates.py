from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from benchmarks.evidence import templates
from benchmarks.evidence.templates import estimate, fill, rate


def test_a_template_without_one_of_its_values_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "FOLDER", tmp_path)
    (tmp_path / "one.md.j2").write_text("{{ count }} scans <b>\n")
    assert fill("one.md.j2", count=6) == "6 scans <b>\n"
    with pytest.raises(jinja2.UndefinedError, match="count"):
        fill("one.md.j2")


def test_an_estimate_stands_with_its_interval() -> None:
    one = {"value": 0.98049, "low": 0.9575, "high": 1.0}
    assert estimate(one) == "0.980 (0.958 to 1.000)"
    assert estimate(one, 1) == "1.0 (1.0 to 1.0)"


def test_a_rate_stands_as_counts() -> None:
    counts = {"true_positives": 86, "positives": 89, "true_negatives": 125, "negatives": 132}
    assert rate({"counts": counts}, "positives") == "86 of 89"
    assert rate({"counts": counts}, "negatives") == "125 of 132"
