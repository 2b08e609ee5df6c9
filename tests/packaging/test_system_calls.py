"""No internet socket is opened and no file is written but the requested ones: the system calls themselves are read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.edge_runtime.pictures import encoded, lens_frame

WATCHED = (
    "trace=%network,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
)
# Written to without leaving anything behind.
HARMLESS = re.compile(r"/dev/(null|tty|zero|shm)$|/proc/self/|/proc/\d+/|/sys/")
_RESULT = r"\)\s+= (?P<result>-?\d+|\?)"
_SOCKET = re.compile(r"\b(?:socket|connect|sendto|bind)\(.*?\b(?P<family>AF_[A-Z0-9]+)")
_OPEN = re.compile(r'\b(?:open|openat|openat2|creat)\((?:[^"]*?)"(?P<path>(?:[^"\\]|\\.)*)"(?P<rest>.*)' + _RESULT)
_CHANGE = re.compile(r"\b(?:mkdir|mkdirat|rename|renameat2?|link|linkat|symlink|symlinkat)\((?P<rest>.*)" + _RESULT)


@dataclass(frozen=True)
class Traced:
    """What a traced program did to the world, and how it ended."""

    internet: tuple[str, ...]
    written: frozenset[str]
    exit_code: int = 0


def whole_lines(trace: str) -> Iterator[str]:
    """Lines of strace, with calls that another thread interrupted put together again."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        process, _, call = line.partition(" ")
        if call.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>")
        elif resumed := re.match(r"\s*<\.\.\. \w+ resumed>", call):
            yield begun.pop(process, "") + call[resumed.end() :]
        else:
            yield line
    yield from begun.values()


def what_was_done(trace: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Internet sockets, and paths that were opened for writing, created or renamed to, in the output of strace."""
    internet, written = [], set()
    for line in whole_lines(trace):
        socket = _SOCKET.search(line)
        if socket and socket["family"] in {"AF_INET", "AF_INET6", "AF_PACKET", "AF_NETLINK"}:
            internet.append(line)
        opened = _OPEN.search(line)
        if opened and not opened["result"].startswith("-"):
            wanted = "creat(" in line or re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND", opened["rest"])
            if wanted and not HARMLESS.match(opened["path"]):
                written.add(opened["path"])
        change = _CHANGE.search(line)
        if change and not change["result"].startswith("-"):
            written.add(re.findall(r'"((?:[^"\\]|\\.)*)"', change["rest"])[-1])
    return tuple(internet), frozenset(written)


def traced(strace: str, folder: Path, *command: str | Path) -> Traced:
    """Run a command in a folder under strace.

    It runs once before, untraced: the interpreter keeps compiled modules beside their sources, as it does for every
    program, and an installed package has them already.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    subprocess.run([*command], cwd=folder, env=environment, capture_output=True, check=False, timeout=60)
    for path in folder.glob("out/*"):
        path.unlink()
    output = folder / "trace"
    finished = subprocess.run(
        [strace, "-f", "-qq", "-s", "4096", "-e", WATCHED, "-o", output, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return Traced(*what_was_done(output.read_text(errors="replace")), finished.returncode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    (tmp_path / "cut.png").write_bytes(encoded(".png", lens_frame())[:-100])
    (tmp_path / "out").mkdir()
    return tmp_path


RUN = (sys.executable, "-m", "edge_runtime")


def test_import_neither_sends_nor_writes(strace: str, folder: Path) -> None:
    assert traced(strace, folder, sys.executable, "-c", "import edge_runtime") == Traced((), frozenset())


def test_analysis_to_standard_output_neither_sends_nor_writes(strace: str, folder: Path, tiny_model: Path) -> None:
    assert traced(strace, folder, *RUN, "scan.png", "--json", "--model", tiny_model) == Traced((), frozenset())
    assert sorted(os.listdir(folder)) == ["cut.png", "out", "scan.png", "trace"]


def test_analysis_writes_the_requested_files_only(strace: str, folder: Path, tiny_model: Path) -> None:
    done = traced(strace, folder, *RUN, "scan.png", "--model", tiny_model, "-o", "out", "--labels", "out/labels.png")
    assert (done.internet, done.exit_code) == ((), 0)
    lasting = {
        path for path in done.written if not re.fullmatch(r"out/\.edge-cataract-[-0-9a-f]+\.(tmp|journal)", path)
    }
    assert lasting == {"out/scan.json", "out/scan.overlay.png", "out/labels.png"}
    assert len(done.written) == 7  # three files, their temporary names, and the journal
    assert sorted(os.listdir(folder / "out")) == ["labels.png", "scan.json", "scan.overlay.png"]
    assert sorted(os.listdir(folder)) == ["cut.png", "out", "scan.png", "trace"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("cut.png", "-o", "out"), 65), (("scan.png", "--model", "scan.png", "-o", "out"), 82), (("scan.png", "--x"), 2)],
)
def test_failing_run_neither_sends_nor_writes(
    arguments: tuple[str, ...], code: int, strace: str, folder: Path, tiny_model: Path
) -> None:
    model = () if "--model" in arguments else ("--model", tiny_model)
    assert traced(strace, folder, *RUN, *arguments, *model) == Traced((), frozenset(), code)
    assert os.listdir(folder / "out") == []


@pytest.mark.slow
def test_bundled_model_neither_sends_nor_writes(strace: str, folder: Path, bundled_analyzer: object) -> None:
    assert traced(strace, folder, *RUN, "selftest") == Traced((), frozenset())


def test_the_check_sees_a_socket_and_a_stray_file(strace: str, folder: Path) -> None:
    program = """
import os, socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
open("stray", "w").close()
os.mkdir("stray folder")
os.rename("stray", "renamed")
open(os.devnull, "w").close()
socket.socketpair()
try:
    open("/no/such/folder/file", "w")
except OSError:
    pass
"""
    done = traced(strace, folder, sys.executable, "-c", program.replace('os.mkdir("stray folder")', MAKE_ONCE))
    assert [re.search(r"AF_\w+", line)[0] for line in done.internet] == ["AF_INET"]  # type: ignore[index]
    assert done.written == {"stray", "stray folder", "renamed"}


MAKE_ONCE = 'os.path.isdir("stray folder") and os.rmdir("stray folder"); os.mkdir("stray folder")'


@pytest.mark.parametrize(
    ("line", "internet", "written"),
    [
        ("7 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3", 1, set()),
        ("7 connect(3, {sa_family=AF_INET, sin_port=htons(443)}, 16) = -1 EINPROGRESS (now)", 1, set()),
        ("7 socket(AF_UNIX, SOCK_STREAM, 0) = 3", 0, set()),
        ('7 openat(AT_FDCWD, "/root/.cache/id", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 4', 0, {"/root/.cache/id"}),
        ('7 openat(AT_FDCWD, "/root/.cache/id", O_WRONLY|O_CREAT, 0666) = -1 EACCES (Permission denied)', 0, set()),
        ('7 openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 4', 0, set()),
        ('7 openat(AT_FDCWD, "a \\"b\\"", O_RDWR) = 4', 0, {'a \\"b\\"'}),
        ('7 creat("x", 0644) = 4', 0, {"x"}),
        ('7 open("/dev/null", O_WRONLY) = 4', 0, set()),
        ('7 rename("a", "b") = 0', 0, {"b"}),
        ("7 <... openat resumed>) = 4", 0, set()),
        (
            '7 openat(AT_FDCWD, "x", O_RDWR|O_CREAT, 0600 <unfinished ...>\n'
            '8 openat(AT_FDCWD, "y", O_RDONLY) = 5\n7 <... openat resumed>) = 4',
            0,
            {"x"},
        ),
    ],
)
def test_lines_of_strace_are_understood(line: str, internet: int, written: set[str]) -> None:
    found_internet, found_written = what_was_done(line)
    assert (len(found_internet), found_written) == (internet, written)
