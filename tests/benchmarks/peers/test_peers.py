"""Peers are measured like this project, and the lead over the best of them is told."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.evidence import peers_page
from benchmarks.peers import side_by_side as peers
from benchmarks.peers.environments import OURS, PEERS
from edge_runtime import CataractAnalyzer
from edge_runtime.reading.raster import read_scan
from tests.conftest import ROOT


def row(median: float) -> dict[str, Any]:
    spread = {"median": median, "min": median - 1, "max": median + 1}
    return {"title": f"takes {median:g}", "versions": {"a": "1"}} | dict.fromkeys(peers.FIGURES, spread)


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_has_a_program(name: str) -> None:
    assert importlib.util.find_spec(f"benchmarks.peers.programs.{name}") is not None
    assert not any("torch>" in one or one == "torch" for one in PEERS[name].installs)


def test_the_lead_is_over_the_best_of_the_others() -> None:
    leads = peers.leads({OURS: row(10), "monai": row(50), "rembg": row(20)})
    assert leads["cold"] == {"best": "rembg", "lead": 2.0}
    asked = {one.name: one for one in peers.asked({"leads": leads})}
    assert len(asked) == len(peers.LED)
    assert not asked["lead over the best peer, cold process, ms"].reached


def test_a_program_that_fails_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="no answer from\na program"):
        peers.check({"a": peers.Process(1.0, 1.0, 1.0, 1)}, {"a": ["a program"]})


@pytest.mark.slow
def test_our_program_writes_the_labels_that_the_runtime_finds(tmp_path: Path) -> None:
    out = tmp_path / "labels.png"
    words = ["--scan", str(peers.SAMPLE), "--out", str(out), "--weights", str(tmp_path), "--threads", "1"]
    command = [sys.executable, "-m", "benchmarks.peers.programs.edge_cataract", *words]
    served = subprocess.run([*command, "--serve"], cwd=ROOT, input="1\n", capture_output=True, text=True, check=True)
    found, turn = (json.loads(line) for line in served.stdout.splitlines())
    labels = CataractAnalyzer().analyze(peers.SAMPLE).labels
    assert found == {"found": int((labels > 0).sum())}
    assert turn["processor_s"] > 0
    assert len(turn["seconds"]) == 1
    out.unlink()
    subprocess.run(command, cwd=ROOT, check=True)
    assert np.array_equal(read_scan(str(out)).pixels, labels)


def test_the_page_is_that_of_the_committed_results(tmp_path: Path) -> None:
    content = json.loads(peers.RESULTS.read_text())
    assert peers_page.PAGE.read_text() == peers_page.page(content)
    assert set(content["peers"]) == set(PEERS)
    peers_page.draw(content, tmp_path / "peers.png")
    assert (tmp_path / "peers.png").stat().st_size > 10_000
