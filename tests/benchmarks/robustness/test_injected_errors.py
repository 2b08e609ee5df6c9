"""Some output calls that fail, and what is read from a trace."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.robustness.injected_errors import BAD, SCENARIOS, Call, Stage, injected, read_trace

TRACE = """\
10 openat(AT_FDCWD</home>, "/usr/lib/x.py", O_RDONLY) = 3</usr/lib/x.py>
11 openat(AT_FDCWD</home>, "/home/scan.png", O_RDONLY) = 4</home/scan.png>
10 openat(AT_FDCWD</home>, "/out/a.json", O_WRONLY|O_CREAT, 0666 <unfinished ...>
11 close(4</home/scan.png>) = 0
10 <... openat resumed>) = 3</out/a.json>
10 write(3</out/a.json>, ""..., 8) = 8
10 write(1<pipe:[7]>, ""..., 8 <unfinished ...>
10 <... write resumed>) = -1 EIO (Input/output error) (INJECTED)
"""


def test_output_calls_are_counted_as_strace_counts() -> None:
    traced = read_trace(TRACE, "/out")
    assert traced.places == {Call("openat", 1): 2, Call("write", 1): 1, Call("write", 2): 2}
    assert traced.failed == Call("write", 2)
    assert read_trace(TRACE.replace("write(1<", "write(5<"), "/out").failed is None, "another call was hit"


def judged(stage: Stage, folder: Path, code: int, message: bytes = b"", printed: bytes = b"{}\n") -> set[str]:
    return set(stage.judge(folder, subprocess.CompletedProcess([], code, printed, message)))


def test_a_run_that_says_what_is_not_true_is_noticed(tmp_path: Path) -> None:
    stage = Stage(SCENARIOS["scan"], tmp_path, "")
    stage.earlier.mkdir()
    (stage.earlier / "simulated-cataract.json").write_bytes(b"{}")
    folder = tmp_path / "out"
    shutil.copytree(stage.earlier, folder)
    assert judged(stage, folder, 74, b"Nothing was written.") == {"lost", "newer"}
    assert judged(stage, folder, 0) == {"lost", "untrue", "newer"}
    assert judged(stage, folder, 70, b"Traceback\n  line\n") == {"lost", "undocumented", "traceback", "newer"}
    (folder / ".edge-cataract-0123456789abcdef-0.tmp").touch()
    assert "left" in judged(stage, folder, 74, b"Nothing was written.")


@pytest.mark.slow
def test_an_output_call_that_fails_loses_and_mixes_nothing(strace: str) -> None:
    met = injected(SCENARIOS["scan"], strace, ("EIO",), workers=1, every=5)
    assert {word: met[word] for word in BAD} == dict.fromkeys(BAD, 0)
    assert met["older"] + met["newer"] == met["runs"] >= 8
