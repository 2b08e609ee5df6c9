"""The page of the service in Chromium, by touch: from six scans to print, in every language, through every fault."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.codes import REFUSALS
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.language import LANGUAGES, language_of
from tests.conftest import ROOT

cv2 = pytest.importorskip("cv2")
pytestmark = [pytest.mark.network, pytest.mark.slow]

PROGRAM = Path(__file__).with_name("touch_page.cjs")
SECRET = "MUSTERMANN"
PHONE, TABLET, KIOSK, LARGE = (390, 844), (820, 1180), (1024, 768), (1920, 1080)
SIZES = dict(zip(LANGUAGES, (KIOSK, PHONE, TABLET, LARGE, KIOSK, PHONE), strict=True))
START_S = 60
Walk = Callable[..., dict[str, Any]]


class Service:
    """``edge-cataract serve``, which may be killed and started again at its address."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.port = 0
        self.started: list[subprocess.Popen[str]] = []
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        command = [sys.executable, "-m", "edge_runtime", "serve", "--port", str(self.port), *self.arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.started.append(process)
        watchdog = threading.Timer(START_S, process.kill)
        watchdog.start()
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
        finally:
            watchdog.cancel()
        ready = re.search(r"ready at http://127\.0\.0\.1:(\d+)/", said)
        assert ready, said
        self.port = int(ready[1])

    def kill(self) -> None:
        """As a loss of power does: without a word."""
        self.started[-1].kill()
        self.started[-1].wait()

    def end(self) -> None:
        """End every process of every start, whatever happened."""
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.end()


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """The files of six scans by the name of a sample, which is moved sideways for each further scan."""
    folder = tmp_path_factory.mktemp(SECRET)

    def of(sample: str) -> list[str]:
        pixels = read_scan(SAMPLES / f"simulated-{sample}.png").pixels
        files = [folder / f"{SECRET}-{sample}-{number}.png" for number in range(1, 7)]
        for number, file in enumerate(files):
            cv2.imwrite(str(file), np.roll(pixels, 3 * number, axis=1))
        return [str(file) for file in files]

    return of


@pytest.fixture(scope="module")
def walk(service: Service, chromium: str, browser_modules: Path) -> Walk:
    """Go one of the ways of `PROGRAM`; what it finds."""

    def through(way: str, files: list[str], on: Service = service, within: int = 180, **wishes: Any) -> dict[str, Any]:
        plan = {"way": way, "url": on.url, "files": files, "size": KIOSK, "language": "en", "scheme": "light"}
        plan |= {"shots": os.environ.get("TOUCH_SHOTS"), **wishes}
        command = ["node", str(PROGRAM), chromium, json.dumps(plan)]
        environment = {**os.environ, "NODE_PATH": str(browser_modules)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, text=True, **pipes) as program:
            watchdog = threading.Timer(within, program.kill)
            watchdog.start()
            try:
                return _listen(program, on)
            finally:
                watchdog.cancel()
                program.kill()

    return through


def _listen(program: subprocess.Popen[str], service: Service) -> dict[str, Any]:
    """Do what the program asks for, until it says what it found."""
    assert program.stdin is not None
    assert program.stdout is not None
    assert program.stderr is not None
    for line in program.stdout:
        said = json.loads(line)
        if "found" in said:
            found: dict[str, Any] = said["found"]
            return found
        {"kill": service.kill, "restart": service.start}[said["please"]]()
        program.stdin.write("done\n")
        program.stdin.flush()
    raise AssertionError(program.stderr.read())


def assert_calm(found: dict[str, Any]) -> None:
    """Nothing is inaccessible, cut, too small, from elsewhere, or kept."""
    for kind in ("violations", "sideways", "small", "cut", "leaks", "stored", "foreign"):
        assert found[kind] == [], kind
    assert [text for text in found["console"] if "Failed to load resource" not in text] == []


def assert_nothing_remains(remains: dict[str, Any]) -> None:
    assert (remains["alive"], remains["pictures"], remains["frames"], remains["files"], remains["stores"]) == (
        0,
        0,
        0,
        0,
        0,
    )
    assert (remains["cookies"], remains["state"]) == ("", None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_six_scans_are_printed_by_touch_although_the_service_was_killed(
    language: str, walk: Walk, scans: Callable[[str], list[str]]
) -> None:
    scheme = "dark" if language == "de" else "light"
    brief = language in ("fr", "es", "zh")  # axe looks at their answer alone: their elements are those of the others
    found = walk("wholePath", scans("cataract"), language=language, size=SIZES[language], scheme=scheme, brief=brief)
    assert_calm(found)
    say = language_of(language).say
    assert (found["language"], found["direction"]) == (language, language_of(language).direction)
    assert found["question"] == say("Which eye?")
    assert found["tiles"] == 6
    assert found["verdict"]["tone"] == "refer"
    assert say("Refer") in found["verdict"]["text"]
    assert found["printed"] == {
        "title": say("Lens report"),
        "language": language,
        "pictures": 15,  # six pairs, the map, two colour bars
        "shown": 15,
        "styled": True,
    }
    assert found["alive"] == 19  # six files, six pairs, the map: or the next line would prove nothing
    assert_nothing_remains(found["remains"])
    assert say("Refer") not in found["remains"]["text"]
    assert found["grown"] == 0


def test_an_exam_that_the_service_lost_is_measured_again_for_another_language(
    walk: Walk, scans: Callable[[str], list[str]]
) -> None:
    found = walk("otherLanguage", scans("clear"))
    assert found["before"]["tone"] == found["after"]["tone"] == "no-sign"
    assert language_of("fr").say("No sign") in found["after"]["text"]
    assert found["again"] == found["still"] == []
    assert_nothing_remains(found["remains"])


def test_a_page_says_that_another_model_measured_again_for_another_language(
    walk: Walk, scans: Callable[[str], list[str]]
) -> None:
    changing = Service()
    changing.arguments = ("--precision", "fp32")  # from its next start on
    try:
        found = walk("otherLanguage", scans("clear"), on=changing)
    finally:
        changing.end()
    assert_calm(found)
    sentence = "These scans were measured again, by another model or program. The answer may differ from the first."
    assert (found["again"], found["still"]) == ([language_of("fr").say(sentence)], [sentence])


def test_every_exam_has_its_answer_although_the_service_is_killed_at_any_moment(
    walk: Walk, scans: Callable[[str], list[str]]
) -> None:
    moments = np.random.default_rng(18).integers(0, 3000, int(os.environ.get("TOUCH_KILLS", "0"))).tolist()
    after = ["/report?", "/overlays/3.png", *moments]
    found = walk("kills", scans("cataract"), after=after, within=60 + 60 * len(after))
    assert_calm(found)
    assert found["tones"] == ["refer"] * len(after)
    assert_nothing_remains(found["remains"])


def test_no_sign_is_not_coloured_as_such_when_scans_were_refused(
    walk: Walk, scans: Callable[[str], list[str]], tmp_path: Path
) -> None:
    noise, broken = tmp_path / "noise_OD.png", tmp_path / "broken.png"
    cv2.imwrite(str(noise), np.random.default_rng(0).integers(0, 256, (1824, 2150), dtype=np.uint8))
    whole = scans("clear")
    broken.write_bytes(Path(whole[0]).read_bytes()[:5000])
    found = walk("refusedScans", [*whole[:4], str(noise), str(broken)])
    assert_calm(found)
    assert found["verdict"]["tone"] == "incomplete"
    assert found["verdict"]["text"].startswith("No sign")
    assert "Graded: 4 of 6 scans." in found["verdict"]["text"]
    assert found["tone"] == "#6b4700"
    assert found["refused"] == 2
    assert found["notices"] == ["Scan 6: The name of the file says the other eye. Check which eye it is."]
    assert any(REFUSALS["truncated-png"] in reason for reason in found["reasons"])


def test_scans_whose_names_say_the_other_eye_are_asked_about_and_their_answer_warns(
    walk: Walk, scans: Callable[[str], list[str]], tmp_path: Path
) -> None:
    files = []
    for number, content in enumerate(scans("clear")):
        files.append(tmp_path / f"P1_OS_{30 * number:03d}.png")
        files[-1].write_bytes(Path(content).read_bytes())
    found = walk("otherEye", [str(file) for file in files])
    assert_calm(found)
    assert found["language"] == "en"
    assert "Scans 1, 2, 3, 4, 5, 6: The name of the file says the other eye." in found["asked"]
    assert (found["begun"], found["sent"]) == (0, ["?named=OS"] * 6)
    assert (found["late"]["tone"], found["late"]["named"]) == ("repeat", ["?named=OS"] * 6)
    assert found["verdict"]["tone"] == "repeat"
    assert "other-eye" in found["codes"]
    assert "other-eye" in found["report"]
    assert_nothing_remains(found["remains"])


def test_a_fault_is_said_in_plain_words_and_the_way_goes_on(
    walk: Walk, scans: Callable[[str], list[str]], tmp_path: Path
) -> None:
    twice = tmp_path / "other-name.png"
    twice.write_bytes(Path(scans("clear")[0]).read_bytes())
    found = walk("faults", [*scans("clear"), str(twice)])
    assert_calm(found)
    assert found["refused"] == "Scan 3: The file is too large."
    assert found["together"] == "Scan 3: The files of this exam are too large together."
    assert found["tries"] == 6
    assert found["failed"].startswith("The service stopped while it measured these scans.")
    assert found["many"] == "Scans: 7, more than 6"
    assert found["twice"] == "The same scan was chosen twice. Remove one of the two. duplicate-scan"
    assert found["unavailable"].startswith("There is no answer for this eye.")
    assert found["unavailable"].endswith("write-failed")


def test_the_screen_is_cleared_when_nobody_touches_it(walk: Walk, scans: Callable[[str], list[str]]) -> None:
    found = walk("idle", scans("clear"))
    assert_calm(found)
    assert found["stayed"] == 6
    assert_nothing_remains(found["remains"])


def test_a_service_with_a_token_of_its_own_is_used_with_it_alone(
    walk: Walk, scans: Callable[[str], list[str]], tmp_path: Path
) -> None:
    token, kept = "t" * 43, tmp_path / "token"
    kept.write_text(token)
    kept.chmod(0o600)
    guarded = Service("--token-file", str(kept))
    try:
        found = walk("token", scans("clear")[:3], on=guarded, token=token)
    finally:
        guarded.end()
    assert_calm(found)
    assert found["typed"]["tone"] == found["addressed"]["tone"] == "incomplete"
