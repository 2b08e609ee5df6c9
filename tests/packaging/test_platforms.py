"""Names that only Unix has are not needed on the way from a scan to its result."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

SAMPLE = ROOT / "edge_runtime" / "samples" / "simulated-clear.png"
HIDDEN = """
import builtins, os, signal, sys
for name in ("O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "sched_getaffinity", "memfd_create", "fork",
             "register_at_fork", "geteuid", "getuid", "mkfifo", "fchmod"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGALRM", "setitimer", "pthread_sigmask", "ITIMER_REAL"):
    if hasattr(signal, name):
        delattr(signal, name)
real = builtins.__import__
def without_unix(name, *more, **options):
    if name in ("resource", "fcntl", "pwd", "grp", "termios"):
        raise ModuleNotFoundError(name, name=name)
    return real(name, *more, **options)
builtins.__import__ = without_unix
from edge_runtime.__main__ import run
sys.exit(run())
"""


@pytest.mark.parametrize(
    "words",
    [
        (str(SAMPLE),),
        (str(SAMPLE), "-o", "out"),
        (str(SAMPLE), "--max-memory", "200"),
        ("selftest",),
        ("info",),
    ],
)
def test_nothing_that_only_unix_has_is_needed(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, *words], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    if "-o" in words:
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
            "simulated-clear.json",
            "simulated-clear.overlay.png",
        ]


def test_classifiers_claim_the_systems_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    systems = [one for one in project["classifiers"] if one.startswith("Operating System")]
    assert systems == ["Operating System :: POSIX :: Linux"]
    page = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
    assert "Never run on Windows" in page
