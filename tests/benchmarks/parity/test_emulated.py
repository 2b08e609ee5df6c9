"""The comparison of processors, without an emulator; and models as a processor without VNNI runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.parity import emulated

ROW: dict[str, Any] = {
    "source": "a.png", "precision": "int8", "lens_px": 90, "cataract_px": 30, "labels_sha256": "one",
}  # fmt: skip


def test_other_counts_and_labels_are_differences() -> None:
    (found,) = emulated.compared([ROW], [ROW | {"lens_px": 92, "cataract_px": 29, "labels_sha256": "other"}])
    assert (found["lens_px_off"], found["cataract_px_off"], found["labels_equal"]) == (2, -1, False)


def test_a_processor_that_labels_fewer_scans_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        emulated.compared([ROW, ROW], [ROW])


@pytest.mark.slow
def test_a_processor_without_vnni_labels_the_samples_alike() -> None:
    """The label process prints its rows as JSON; on the same processor, counts are the same with exact sums."""
    command = [sys.executable, "-m", "benchmarks.parity.emulated", "--label"]
    finished = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, check=True, text=True)
    rows = emulated.compared(emulated.labelled(), json.loads(finished.stdout))
    assert [row["labels_equal"] for row in rows] == [True] * 4  # two samples by two models
