"""A short run of two engines; how turns are taken."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.speed.network import main
from benchmarks.speed.turns import Contender, Timed, ratio, take_turns

ROOT = Path(__file__).parents[3]
COUNTING = """
from benchmarks.speed.turns import serve
runs = []
serve(lambda: lambda: print("and talks") or runs.append(1) or len(runs))
"""


@pytest.mark.slow
def test_a_short_run_compares_both_engines_on_the_same_counts(tmp_path: Path) -> None:
    out = tmp_path / "network.json"
    words = ["--contenders", "ours-fp32", "torch-eager", "scan-fp32", "--rounds", "1", "--threads", "1"]
    assert main([*words, "--out", str(out)]) == 0
    content = json.loads(out.read_text(encoding="utf-8"))
    ours, eager, scan = (content["contenders"][name] for name in ("ours-fp32", "torch-eager", "scan-fp32"))
    assert ours["found"] == eager["found"] == scan["found"]
    assert ours["found"][0] > 10_000
    assert [(one["slower"], one["faster"]) for one in content["ratios"]] == [("torch-eager", "ours-fp32")]
    assert all(one["peak_memory_mb"] > 50 and len(one["rounds_ms"]) == 1 for one in (ours, eager, scan))
    assert content["model_sha256"].keys() == {"fp32"}
    assert content["scans_per_second"]["scan-fp32"].keys() == {"1", "2"}


def test_a_contender_runs_as_often_as_it_is_asked_and_its_words_do_not_disturb() -> None:
    with Contender([sys.executable, "-c", COUNTING]) as contender:
        assert contender.found == 1
        for runs in (3, 1):
            contender.begin(runs)
            assert len(contender.end()) == runs


def test_a_contender_that_dies_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        Contender([sys.executable, "-c", "raise SystemExit(3)"])


def test_contenders_take_turns() -> None:
    command = [sys.executable, "-c", COUNTING]
    timed = take_turns({"one": command, "other": command}, {"one": 2, "other": 1}, rounds=3)
    assert {name: len(one.rounds_ms) for name, one in timed.items()} == {"one": 3, "other": 3}


def test_a_ratio_is_that_of_neighbours_in_time() -> None:
    slower, faster = Timed((8.0, 80.0, 9.0), (), 0, 0, None), Timed((2.0, 20.0, 3.0), (), 0, 0, None)
    assert ratio(slower, faster) == {"median": 4.0, "min": 3.0, "max": 4.0}


def test_starting_our_contender_imports_no_other_engine() -> None:
    code = (
        "import sys; from benchmarks.speed.contenders import KINDS, Setting, CHECKPOINTS;"
        "kind = KINDS['ours-fp32'];"
        "kind.start(Setting(1, {'fp32': None}, CHECKPOINTS), kind.way)();"
        "assert not {'torch', 'openvino', 'onnx', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
