"""Decoders complain on standard error only: it is heard, kept from the user, and given back as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from edge_runtime.reading.decoder_messages import captured_messages, pass_on_now
from tests.conftest import ROOT, RunProgram


def test_decoder_s_line_is_collected_and_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_messages() as messages:
        os.write(2, b"Premature end of JPEG file\n")
    assert messages == ["Premature end of JPEG file"]
    assert capfd.readouterr().err == ""


def test_line_of_somebody_else_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_messages() as messages:
        os.write(2, b"the disk is hot\nCorrupt JPEG data\n")
    assert messages == ["Corrupt JPEG data"]
    assert capfd.readouterr().err == "the disk is hot\n"


def test_standard_error_is_given_back_after_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), captured_messages():
        raise KeyboardInterrupt
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_what_others_wrote_is_passed_on_when_the_program_ends_meanwhile(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_messages() as messages:
        os.write(2, b"interrupted\nCorrupt JPEG data\n")
        assert capfd.readouterr().err == ""
        pass_on_now()
        assert capfd.readouterr().err == "interrupted\n"
    assert messages == ["Corrupt JPEG data"]
    pass_on_now()  # nothing is heard any more
    assert capfd.readouterr().err == ""  # and nothing is shown twice


def test_no_line_is_shown_twice_when_the_program_ends_as_the_decoder_does(capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(200):
        listening, may_end = threading.Event(), threading.Event()

        def decode(listening: threading.Event = listening, may_end: threading.Event = may_end) -> None:
            with captured_messages():
                listening.set()
                may_end.wait()

        thread = threading.Thread(target=decode)
        thread.start()
        listening.wait()
        os.write(2, b"terminated\n")
        may_end.set()
        pass_on_now()
        thread.join()
        assert capfd.readouterr().err == "terminated\n"


def test_flood_of_messages_is_never_waited_for() -> None:
    with captured_messages() as messages:
        for _ in range(100_000 // 20):
            os.write(2, b"Corrupt JPEG data: bad Huffman code\n" * 20)
    assert messages[0] == "Corrupt JPEG data: bad Huffman code"


def test_child_of_another_thread_survives_the_end_of_the_capture() -> None:
    with captured_messages():
        child = subprocess.Popen(["sh", "-c", "sleep 0.2; echo late >&2; echo alive"], stdout=subprocess.PIPE)
    output, _ = child.communicate(timeout=30)
    assert (child.returncode, output) == (0, b"alive\n")


def test_line_that_only_mentions_a_format_is_not_the_decoder_s(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_messages() as messages:
        os.write(2, b"upload: Invalid JPEG name given\n")
    assert messages == []
    assert capfd.readouterr().err == "upload: Invalid JPEG name given\n"


def test_no_descriptor_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        with captured_messages():
            pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_threads_hear_their_own_decoder_only() -> None:
    heard: dict[int, list[str]] = {}

    def listen(number: int) -> None:
        with captured_messages() as messages:
            os.write(2, f"Corrupt JPEG data: {number}\n".encode())
        heard[number] = messages

    threads = [threading.Thread(target=listen, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {number: [f"Corrupt JPEG data: {number}"] for number in range(8)}


@pytest.mark.parametrize("closed", [(2,), (0, 2), (0, 1, 2)])
def test_closed_standard_error_is_closed_again(closed: tuple[int, ...]) -> None:
    program = f"""
import os, sys
report = os.dup(1)
for number in {closed!r}:
    os.close(number)
from edge_runtime.reading.decoder_messages import captured_messages, pass_on_now
with captured_messages() as messages:
    os.write(2, b"Corrupt JPEG data\\n")
try:
    os.fstat(2)
    os.write(report, b"open")
except OSError:
    os.write(report, b"closed " + messages[0].encode())
"""
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False, timeout=30)
    assert finished.stdout == b"closed Corrupt JPEG data"


def test_damaged_jpeg_is_refused_without_any_standard_error(
    run_program: RunProgram, tmp_path: os.PathLike[str]
) -> None:
    from tests.edge_runtime.pictures import encoded, lens_frame, speckled_frame

    whole, cut = os.path.join(tmp_path, "whole.jpg"), os.path.join(tmp_path, "cut.jpg")
    data = encoded(".jpg", speckled_frame())
    for path, content in ((whole, encoded(".jpg", lens_frame())), (cut, data[: len(data) // 2] + b"\xff\xd9")):
        with open(path, "wb") as file:
            file.write(content)
    without_stderr = {"preexec_fn": lambda: os.close(2), "capture_output": False, "stdout": subprocess.PIPE}
    assert run_program(whole, **without_stderr).returncode == 0
    assert run_program(cut, **without_stderr).returncode == 65
