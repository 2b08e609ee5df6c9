"""The sample page in headless Chromium: built, served, loaded; then the server ends, and files are analysed."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .programs import EMBEDDING, SampleError

if TYPE_CHECKING:
    from subprocess import Popen
    from typing import IO

PROGRAM = Path(__file__).with_suffix(".cjs")
BROWSER = EMBEDDING / "browser"


def build_page(engine: Path, site: Path, precision: str = "int8") -> Path:
    """Build the page; `engine` is the folder of the package onnxruntime-web."""
    command = [sys.executable, str(BROWSER / "build.py"), str(engine), "-o", str(site), "--precision", precision]
    subprocess.run(command, check=True, timeout=60)
    return site


@contextlib.contextmanager
def served(site: Path) -> Iterator[tuple[str, Popen[str]]]:
    """The address of a page, and the server, which ends with the block at the latest."""
    command = [sys.executable, str(BROWSER / "serve.py"), str(site), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield _lines(server.stdout).readline().strip(), server
        finally:
            server.kill()


def walk(
    site: Path, files: Sequence[Path], chromium: str, modules: Path, within_s: float = 400, **wishes: Any
) -> dict[str, Any]:
    """What is found on the page: an answer or a word for every file, and how the page behaves.

    `modules` holds playwright-core and axe-core.

    Raises
    ------
    SampleError
        When the page did not come to an end.
    """
    pipe = subprocess.PIPE
    with served(site) as (url, server):
        plan = {"url": url, "files": [str(file) for file in files], "threads": 1, "scheme": "light", **wishes}
        command = ["node", str(PROGRAM), chromium, json.dumps(plan)]
        environment = {**os.environ, "NODE_PATH": str(modules)}
        with subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as program:
            watchdog = threading.Timer(within_s, program.kill)
            watchdog.start()
            try:
                return _listen(program, server)
            finally:
                watchdog.cancel()
                program.kill()


def _listen(program: Popen[str], server: Popen[str]) -> dict[str, Any]:
    """End the server when the program asks for it, until it says what it found."""
    answers = _lines(program.stdin)
    for line in _lines(program.stdout):
        said = json.loads(line)
        if "found" in said:
            found: dict[str, Any] = said["found"]
            return found
        server.kill()
        server.wait()
        answers.write("done\n")
        answers.flush()
    raise SampleError(_lines(program.stderr).read()[-2000:])


def _lines(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise SampleError("a program was started without a pipe")
    return stream
