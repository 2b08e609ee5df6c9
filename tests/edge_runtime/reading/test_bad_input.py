"""Bad input through the real command line: its exit code, its word, one line, no traceback, no output file."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_runtime import cli
from edge_runtime.golden import SAMPLES
from edge_runtime.model.store import BUNDLE
from tests.conftest import ROOT, RunProgram
from tests.edge_runtime import pictures
from tests.edge_runtime.pictures import encoded, lens_frame, png, png_chunk, png_header, speckled_frame, tiff

Finished = subprocess.CompletedProcess[bytes]
MESSAGE = re.compile(r"edge-cataract: (?:.+: )?error\[([a-z-]+)\]: [A-Z0-9].+\. [A-Z].+\. [A-Z].+\.\n")


def assert_refused(finished: Finished, code: int, word: str, *, outputs: Path | None = None) -> None:
    """One line on standard error with this word, nothing on standard output, this exit code, no file."""
    stderr = finished.stderr.decode("utf-8")
    assert "Traceback" not in stderr
    found = MESSAGE.fullmatch(stderr)
    assert found, stderr
    assert (found[1], finished.returncode, finished.stdout) == (word, code, b"")
    assert outputs is None or not os.listdir(outputs)


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs"
    folder.mkdir()
    return folder


def colour_frame() -> np.ndarray[Any, Any]:
    frame = cv2.cvtColor(lens_frame(), cv2.COLOR_GRAY2BGR)
    frame[700:720, 700:720] = (0, 200, 255)
    return frame


def alpha_frame() -> np.ndarray[Any, Any]:
    return np.dstack([cv2.cvtColor(lens_frame(), cv2.COLOR_GRAY2BGR), np.zeros(lens_frame().shape, np.uint8)])


def nan_frame() -> np.ndarray[Any, Any]:
    frame = speckled_frame().astype(np.float32) / 255
    frame[100, 100] = np.nan
    return frame


def palette_png() -> bytes:
    palette = png_chunk(b"PLTE", bytes(range(256)) * 3)
    return pictures.PNG_SIGNATURE + png_header(365, 430, colour_type=3) + palette + png_chunk(b"IEND", b"")


def palette_bmp() -> bytes:
    """Level 7 of the palette is shown as red."""
    data = encoded(".bmp", speckled_frame())
    return data[: 54 + 4 * 7] + b"\x00\x00\xff" + data[54 + 4 * 7 + 3 :]


def cmyk_jpeg() -> bytes:
    components = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3, 4))
    frame = pictures.jpeg_segment(0xC0, struct.pack(">BHHB", 8, 365, 430, 4) + components)
    return b"\xff\xd8" + frame + b"\xff\xd9"


def dicom() -> bytes:
    return bytes(128) + b"DICM" + bytes(400)


BMP_WIDTH, BMP_HEIGHT, BMP_DEPTH, BMP_COMPRESSION, BMP_COLOURS = 18, 22, 28, 30, 46
FORGED_SIDE = 30_000

REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty": ("empty-file", lambda: b""),
    "text": ("unsupported-format", lambda: b"Dear colleague, the scan is attached.\n"),
    "one-pixel": ("constant-image", lambda: encoded(".png", np.full((1, 1), 7, np.uint8))),
    "constant": ("constant-image", lambda: encoded(".png", np.full((1824, 2150), 7, np.uint8))),
    "nan-tiff": ("float-image", lambda: tiff(nan_frame())),
    "signed-tiff": ("float-image", lambda: tiff(speckled_frame().astype(np.int16))),
    "huge-png": ("too-many-pixels", lambda: pictures.PNG_SIGNATURE + png_header(FORGED_SIDE, FORGED_SIDE)),
    "huge-jpeg": (
        "too-many-pixels",
        lambda: pictures.jpeg_with_frame_header(
            encoded(".jpg", speckled_frame()), rows=FORGED_SIDE, columns=FORGED_SIDE
        ),
    ),
    "huge-tiff": ("too-many-pixels", lambda: tiff(speckled_frame(), tags={256: FORGED_SIDE, 257: FORGED_SIDE})),
    "huge-bmp": (
        "too-many-pixels",
        lambda: pictures.bmp_with_header(encoded(".bmp", speckled_frame()), BMP_WIDTH, "ii", FORGED_SIDE, FORGED_SIDE),
    ),
    "no-rows-png": ("empty-image", lambda: pictures.PNG_SIGNATURE + png_header(0, 430)),
    "multi-page-tiff": (
        "multi-page",
        lambda: cv2.imencodemulti(".tiff", [speckled_frame(), speckled_frame()])[1].tobytes(),
    ),
    "animated-png": ("multi-page", lambda: png(speckled_frame(), extra=png_chunk(b"acTL", bytes(8)))),
    "thousand-scans-jpeg": ("too-many-jpeg-scans", lambda: pictures.jpeg_with_scans(1000)),
    "alpha-png": ("alpha-channel", lambda: encoded(".png", alpha_frame())),
    "alpha-tiff": ("alpha-channel", lambda: encoded(".tiff", alpha_frame())),
    "alpha-bmp": ("alpha-channel", lambda: encoded(".bmp", alpha_frame())),
    "extra-sample-tiff": ("alpha-channel", lambda: tiff(speckled_frame(), tags={338: 2})),
    "transparent-grey-png": ("alpha-channel", lambda: png(speckled_frame(), extra=png_chunk(b"tRNS", b"\x00\x0a"))),
    "palette-png": ("palette-image", palette_png),
    "palette-bmp": ("palette-image", palette_bmp),
    "palette-tiff": ("palette-image", lambda: tiff(speckled_frame(), tags={262: 3})),
    "colour-png": ("colour-image", lambda: encoded(".png", colour_frame())),
    "colour-jpeg": ("colour-image", lambda: encoded(".jpg", colour_frame())),
    "colour-tiff": ("colour-image", lambda: encoded(".tiff", colour_frame())),
    "colour-bmp": ("colour-image", lambda: encoded(".bmp", colour_frame())),
    "cmyk-jpeg": ("colour-image", cmyk_jpeg),
    "cmyk-tiff": ("colour-image", lambda: tiff(alpha_frame(), tags={262: 5})),
    "exif-rotated-jpeg": (
        "rotated-image",
        lambda: pictures.jpeg_with_segment(
            encoded(".jpg", lens_frame()), pictures.jpeg_segment(0xE1, b"Exif\x00\x00" + pictures.exif(6))
        ),
    ),
    "exif-rotated-png": ("rotated-image", lambda: png(lens_frame(), extra=png_chunk(b"eXIf", pictures.exif(3, ">")))),
    "rotated-tiff": ("rotated-image", lambda: tiff(lens_frame(), tags={274: 8})),
    "white-is-zero-tiff": ("inverted-grey", lambda: tiff(speckled_frame(), tags={262: 0})),
    "bilevel-png": ("bilevel-image", lambda: encoded(".png", speckled_frame(), cv2.IMWRITE_PNG_BILEVEL, 1)),
    "bilevel-tiff": ("bilevel-image", lambda: tiff(speckled_frame(), tags={258: 1})),
    "bilevel-bmp": (
        "bilevel-image",
        lambda: pictures.bmp_with_header(encoded(".bmp", speckled_frame()), BMP_DEPTH, "H", 1),
    ),
    "12-bit-png": ("unsupported-depth", lambda: pictures.PNG_SIGNATURE + png_header(365, 430, bits=12)),
    "12-bit-jpeg": (
        "unsupported-depth",
        lambda: pictures.jpeg_with_frame_header(encoded(".jpg", speckled_frame()), bits=12),
    ),
    "12-bit-tiff": ("unsupported-depth", lambda: tiff(speckled_frame(), tags={258: 12})),
    "arithmetic-jpeg": (
        "unsupported-compression",
        lambda: pictures.jpeg_with_frame_header(encoded(".jpg", speckled_frame()), marker=0xC9),
    ),
    "jpeg-in-tiff": ("unsupported-compression", lambda: tiff(speckled_frame(), tags={259: 7})),
    "run-length-bmp": (
        "unsupported-compression",
        lambda: pictures.bmp_with_header(encoded(".bmp", speckled_frame()), BMP_COMPRESSION, "I", 1),
    ),
    "three-hundred-colours-bmp": (
        "damaged-bmp",
        lambda: pictures.bmp_with_header(encoded(".bmp", speckled_frame()), BMP_COLOURS, "I", 300),
    ),
    "truncated-bmp": ("truncated-bmp", lambda: encoded(".bmp", speckled_frame())[:-1000]),
    "dicom": ("damaged-dicom", dicom),
    "gif": ("unsupported-format", lambda: b"GIF89a" + bytes(200)),
    "jpeg-2000": ("unsupported-format", lambda: encoded(".jp2", speckled_frame())),
    "webp": ("unsupported-format", lambda: encoded(".webp", speckled_frame())),
    "big-tiff": ("unsupported-format", lambda: b"II+\x00" + bytes(200)),
    "unknown-frame": ("unknown-frame", lambda: encoded(".png", lens_frame(shape=(1600, 1600)))),
    "raw-frame-of-8-bits": ("unknown-frame", lambda: encoded(".png", speckled_frame()[:304, :154])),
}


# In a process of their own; the others go through the same command line within this one, which is quicker.
NAMED_IN_THE_ACCEPTANCE = {
    "empty", "text", "one-pixel", "constant", "nan-tiff", "huge-png", "multi-page-tiff", "thousand-scans-jpeg",
    "alpha-png", "palette-png", "colour-png", "exif-rotated-jpeg", "unknown-frame",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_scan_that_cannot_be_graded_is_refused_by_name(
    name: str,
    run_program: RunProgram,
    tmp_path: Path,
    outputs: Path,
    tiny_model: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    word, content = REFUSED[name]
    scan = tmp_path / "scan.png"
    scan.write_bytes(content())
    words = [str(scan), "-o", str(outputs), "--labels", str(outputs / "labels.png"), "--model", str(tiny_model)]
    if name in NAMED_IN_THE_ACCEPTANCE:
        finished = run_program(*words)
    else:
        finished = subprocess.CompletedProcess(words, cli.main(words), *capfdbinary.readouterr())
    assert_refused(finished, 65, word, outputs=outputs)
    assert finished.stderr.startswith(f"edge-cataract: {scan}: error".encode())
    assert b"Nothing was written." in finished.stderr


def test_names_of_the_acceptance_are_tested() -> None:
    assert set(REFUSED) > NAMED_IN_THE_ACCEPTANCE


@pytest.mark.parametrize("how", ["cut", "closed", "zero-filled"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff"])
def test_truncated_scan_is_refused(
    suffix: str, how: str, run_program: RunProgram, tmp_path: Path, outputs: Path
) -> None:
    container = {".png": "png", ".jpg": "jpeg", ".tiff": "tiff"}[suffix]
    data = encoded(suffix, speckled_frame())
    scan = tmp_path / f"scan{suffix}"
    scan.write_bytes(pictures.spoilt(data, len(data) // 2, how, container))
    word = "damaged-png" if (container, how) == ("png", "zero-filled") else f"truncated-{container}"
    assert_refused(run_program(scan, "-o", outputs), 65, word, outputs=outputs)


# --- what is there, but no file --------------------------------------------------------------------------------------


def test_missing_file_is_refused(run_program: RunProgram, tmp_path: Path, outputs: Path) -> None:
    assert_refused(run_program(tmp_path / "no.png", "-o", outputs), 66, "missing-file", outputs=outputs)


def test_file_below_a_file_is_missing(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    assert_refused(run_program(tmp_path / "scan.png" / "scan.png"), 66, "missing-file")


def test_folder_is_refused(run_program: RunProgram, tmp_path: Path, outputs: Path) -> None:
    assert_refused(run_program(tmp_path, "--overlay", outputs / "o.png"), 66, "not-a-file", outputs=outputs)


def test_fifo_without_a_writer_is_refused_and_not_waited_for(run_program: RunProgram, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scan.png")
    assert_refused(run_program(tmp_path / "scan.png", timeout=20), 66, "not-a-file")


def test_device_and_socket_are_refused(run_program: RunProgram, tmp_path: Path) -> None:
    assert_refused(run_program("/dev/zero"), 66, "not-a-file")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{short}/scan.png")
        assert_refused(run_program(f"{short}/scan.png"), 66, "unreadable-file")


def test_loop_of_symbolic_links_is_refused(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "scan.png").symlink_to("scan.png")
    assert_refused(run_program(tmp_path / "scan.png"), 66, "unreadable-file")


def test_file_name_that_is_too_long_is_refused(run_program: RunProgram) -> None:
    assert_refused(run_program("scan" * 100 + ".png"), 66, "unreadable-file")


def test_file_beyond_the_size_limit_is_refused_unread(run_program: RunProgram, tmp_path: Path) -> None:
    with open(tmp_path / "scan.png", "wb") as file:
        file.write(pictures.PNG_SIGNATURE)
        file.truncate(64 * 1024 * 1024 + 1)
    assert_refused(run_program(tmp_path / "scan.png"), 65, "file-too-large")


def test_closed_standard_input_is_refused(run_program: RunProgram) -> None:
    assert_refused(run_program("-", preexec_fn=lambda: os.close(0)), 66, "missing-file")


def test_empty_standard_input_is_refused(run_program: RunProgram) -> None:
    assert_refused(run_program("-", input=b""), 65, "empty-file")


# --- without the rights of root --------------------------------------------------------------------------------------

# One analysis comes before the rights are dropped, so that everything is imported from folders nobody may enter.
_AS_NOBODY = """
import contextlib, fcntl, io, os, sys
from edge_runtime.cli import main
scan, model = sys.argv[1], sys.argv[-1]
if os.geteuid() == 0:
    with contextlib.redirect_stdout(io.StringIO()):
        assert main([scan, "--overlay", "/dev/null", "--model", model]) == 0
    os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def public_folder(tiny_model: Path) -> Iterator[Path]:
    """A folder that nobody may enter: pytest's own belong to the user who runs it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "scan.png").write_bytes(encoded(".png", lens_frame()))
        (folder / "tiny.onnx").write_bytes(tiny_model.read_bytes())
        (folder / "outputs").mkdir(mode=0o777)
        (folder / "outputs").chmod(0o777)
        yield folder


def run_as_nobody(folder: Path, *arguments: str | Path) -> Finished:
    command = [sys.executable, "-c", _AS_NOBODY, *arguments, "--model", folder / "tiny.onnx"]
    return subprocess.run(
        command, capture_output=True, check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def test_unreadable_scan_is_refused(public_folder: Path) -> None:
    (public_folder / "scan.png").chmod(0)
    finished = run_as_nobody(public_folder, public_folder / "scan.png", "-o", public_folder / "outputs")
    assert_refused(finished, 66, "unreadable-file", outputs=public_folder / "outputs")


def test_unreadable_model_is_missing(public_folder: Path) -> None:
    (public_folder / "tiny.onnx").chmod(0)
    assert_refused(run_as_nobody(public_folder, public_folder / "scan.png"), 80, "missing-model")


def test_read_only_output_folder_is_refused(public_folder: Path) -> None:
    (public_folder / "outputs").chmod(0o555)
    for option in (["-o", public_folder / "outputs"], ["--overlay", public_folder / "outputs" / "o.png"]):
        finished = run_as_nobody(public_folder, public_folder / "scan.png", *option)
        assert_refused(finished, 73, "output-folder", outputs=public_folder / "outputs")


def test_device_is_a_target_in_a_folder_that_cannot_be_written(public_folder: Path) -> None:
    finished = run_as_nobody(public_folder, public_folder / "scan.png", "--overlay", "/dev/null", "--json")
    assert (finished.returncode, finished.stderr) == (0, b"")


def test_ordinary_user_can_write_outputs(public_folder: Path) -> None:
    finished = run_as_nobody(public_folder, public_folder / "scan.png", "-o", public_folder / "outputs")
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert sorted(os.listdir(public_folder / "outputs")) == ["scan.json", "scan.overlay.png"]


# --- outputs that cannot be written ----------------------------------------------------------------------------------


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.png"
    path.write_bytes(encoded(".png", lens_frame()))
    return path


def test_missing_output_folder_is_refused(run_program: RunProgram, scan: Path, tmp_path: Path) -> None:
    assert_refused(run_program(scan, "-o", tmp_path / "no"), 73, "output-folder")
    assert_refused(run_program(scan, "--labels", tmp_path / "no" / "labels.png"), 73, "output-folder")
    assert not (tmp_path / "no").exists()


def test_output_folder_that_is_a_file_is_refused(run_program: RunProgram, scan: Path, outputs: Path) -> None:
    assert_refused(run_program(scan, "-o", scan), 73, "output-folder")
    assert_refused(run_program(scan, "--overlay", scan / "overlay.png"), 73, "output-folder", outputs=outputs)


def in_a_file_system(command: str, outputs: Path, scan: Path, model: Path) -> Finished:
    """Run a shell command in a mount namespace of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHON": sys.executable,
        "OUT": str(outputs),
        "SCAN": str(scan),
        "EDGE_CATARACT_MODEL": str(model),
    }
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", command], capture_output=True, check=False, timeout=60, env=environment
    )


@pytest.mark.usefixtures("own_mounts")
def test_full_disk_leaves_nothing_behind(scan: Path, outputs: Path, tiny_model: Path) -> None:
    finished = in_a_file_system(
        """mount -t tmpfs -o size=32k tmpfs "$OUT" && head -c 20000 /dev/zero > "$OUT/other"
        "$PYTHON" -m edge_runtime "$SCAN" -o "$OUT"; code=$?
        [ "$(ls -A "$OUT")" = other ] || echo left behind: $(ls -A "$OUT") >&2
        exit $code""",
        outputs,
        scan,
        tiny_model,
    )
    assert_refused(finished, 74, "write-failed")
    assert b"No space left on device" in finished.stderr


@pytest.mark.usefixtures("own_mounts")
def test_read_only_file_system_is_refused_even_for_root(scan: Path, outputs: Path, tiny_model: Path) -> None:
    finished = in_a_file_system(
        'mount -t tmpfs -o ro tmpfs "$OUT" && "$PYTHON" -m edge_runtime "$SCAN" -o "$OUT"', outputs, scan, tiny_model
    )
    assert_refused(finished, 73, "output-folder")


def test_file_size_limit_leaves_nothing_behind(run_program: RunProgram, scan: Path, outputs: Path) -> None:
    import resource

    finished = run_program(
        scan, "-o", outputs, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    )
    assert_refused(finished, 74, "write-failed", outputs=outputs)


def test_full_device_as_target_is_a_failed_write(run_program: RunProgram, scan: Path) -> None:
    assert_refused(run_program(scan, "--overlay", "/dev/full"), 74, "write-failed")


def test_full_standard_output_is_a_failed_write(run_program: RunProgram, scan: Path) -> None:
    with open("/dev/full", "wb") as full:
        finished = run_program(scan, "--json", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert finished.returncode == 74
    assert b"error[write-failed]: Standard output failed: No space left on device." in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["exam", "--help"]])
def test_a_help_that_cannot_be_printed_is_a_failed_write(run_program: RunProgram, words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        finished = run_program(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert finished.returncode == 74
    assert b"error[write-failed]: Standard output failed: No space left on device." in finished.stderr


@pytest.mark.parametrize(
    "setting",
    ["LOG_LEVEL=DEBUG", "IO_MAX_IMAGE_PIXELS=1000", "IO_MAX_IMAGE_WIDTH=x", "FOR_THREADS_NUM=x"],
)
def test_opencv_is_not_set_by_the_environment(run_program: RunProgram, scan: Path, setting: str) -> None:
    name, value = setting.split("=")
    finished = run_program(scan, "--json", env={f"OPENCV_{name}": value})
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert json.loads(finished.stdout)["scans"]


def test_a_model_of_another_precision_than_was_asked_for_is_refused(run_program: RunProgram, scan: Path) -> None:
    model = next(Path(BUNDLE).glob("*int8.onnx"))
    assert run_program(SAMPLES / "simulated-clear.png", "--model", model, "--precision", "int8").returncode == 0
    assert_refused(run_program(scan, "--model", model, "--precision", "fp32"), 2, "usage")


# --- names of files --------------------------------------------------------------------------------------------------


def test_file_name_that_is_not_utf8_is_analysed_and_named_in_valid_unicode(
    run_program: RunProgram, tmp_path: Path, outputs: Path
) -> None:
    name = os.fsencode(tmp_path) + b"/sc\xe4n-\xff.png"
    with open(name, "wb") as file:
        file.write(encoded(".png", lens_frame()))
    finished = run_program(name, "--json", "-o", outputs)
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert rb'"source": "sc\\udce4n-\\udcff.png"' in finished.stdout
    assert sorted(os.listdir(os.fsencode(outputs))) == [b"sc\xe4n-\xff.json", b"sc\xe4n-\xff.overlay.png"]
    document = (Path(os.fsdecode(outputs)) / os.fsdecode(b"sc\xe4n-\xff.json")).read_bytes()
    assert '"source": "sc\\\\udce4n-\\\\udcff.png"' in document.decode("utf-8")


def test_control_characters_of_a_file_name_never_reach_the_terminal(run_program: RunProgram, tmp_path: Path) -> None:
    scan = tmp_path / "red\x1b[31m\nsecond line\r.png"
    scan.write_bytes(encoded(".png", lens_frame()))
    finished = run_program(scan)
    assert finished.stdout.startswith(rb"red\x1b[31m\nsecond line\r.png: cataract")
    assert_refused(run_program(tmp_path / "no\x1b[31m\n.png"), 66, "missing-file")
    assert b"\x1b" not in finished.stdout + run_program(tmp_path / "no\x1b[31m\n.png").stderr


def test_file_name_outside_the_terminal_s_encoding_is_escaped(run_program: RunProgram, tmp_path: Path) -> None:
    scan = tmp_path / "Zoë.png"
    scan.write_bytes(encoded(".png", lens_frame()))
    finished = run_program(scan, env={"PYTHONIOENCODING": "ascii"})
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert finished.stdout.startswith(b"Zo\\xeb.png: cataract")
