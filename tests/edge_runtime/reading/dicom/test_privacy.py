"""Nothing of a person leaves the reader: canaries in every text element, looked for in all that is said."""

from __future__ import annotations

import logging
import pickle
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import EdgeCataractError
from edge_runtime.reading.dicom.library import guarded
from edge_runtime.reading.sources import sources_of
from tests.conftest import RunProgram
from tests.dicom_files import file_bytes, photograph, put_canaries, secondary_capture, tomography
from tests.edge_runtime.pictures import lens_frame

Frames = list[NDArray[Any]]


def heard(said: bytes, words: list[str]) -> list[str]:
    return [word for word in words if word.lower().encode() in said.lower()]


@pytest.mark.parametrize("kind", ["tomography", "photograph", "capture"])
def test_no_output_at_any_level_holds_a_canary(kind: str, tmp_path: Path, run_program: RunProgram) -> None:
    frame = lens_frame()
    dataset = {
        "tomography": lambda: tomography([frame]),
        "photograph": lambda: photograph(frame),
        "capture": lambda: secondary_capture([frame]),
    }[kind]()
    words = put_canaries(dataset)
    assert len(words) > 250
    data = file_bytes(dataset)
    assert all(word.encode() in data for word in words if not word.startswith("1901-"))
    (tmp_path / "scan.dcm").write_bytes(data)
    (tmp_path / "out").mkdir()
    finished = run_program(
        tmp_path / "scan.dcm", "-vv", "--debug", "--json", "-o", tmp_path / "out",
        "--labels", tmp_path / "out/labels.png", "--overlay", tmp_path / "out/overlay.png",
    )  # fmt: skip
    assert finished.returncode == 0
    files = [path.read_bytes() for path in (tmp_path / "out").iterdir()]
    assert len(files) == 4
    for said in (
        finished.stdout,
        finished.stderr,
        *files,
        *(path.name.encode() for path in (tmp_path / "out").iterdir()),
    ):
        assert heard(said, words) == []


def test_no_error_of_a_damaged_file_holds_a_canary(frames: Frames, tmp_path: Path, run_program: RunProgram) -> None:
    """Canaries where numbers and words of the standard belong: pydicom would quote them, in errors and warnings."""
    for keyword in ("PhotometricInterpretation", "SOPClassUID", "PixelSpacing", "Rows"):
        dataset = photograph(frames[0])
        words = put_canaries(dataset)
        if keyword in ("PhotometricInterpretation", "SOPClassUID"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                setattr(dataset, keyword, words[0])
                data = file_bytes(dataset)
        elif keyword == "PixelSpacing":
            data = file_bytes(dataset).replace(b"0.0383561644\\0.0383720930", words[0].encode().ljust(25, b"x"))
        else:
            data = file_bytes(dataset).replace(b"\x28\0\x10\0US\x02\0", b"\x28\0\x10\0LO\x0a\0" + words[0][:8].encode())
        (tmp_path / "scan.dcm").write_bytes(data)
        finished = run_program(tmp_path / "scan.dcm", "-vv", "--debug")
        assert finished.returncode == 65
        assert b"Traceback" in finished.stderr  # --debug shows where, and not what the file says
        assert heard(finished.stdout + finished.stderr, [*words, words[0][:8]]) == []


def test_no_object_that_a_program_gets_holds_a_canary(frames: Frames, tmp_path: Path) -> None:
    dataset = tomography(frames)
    words = put_canaries(dataset)
    (tmp_path / "scan.dcm").write_bytes(file_bytes(dataset))
    sources = sources_of(tmp_path / "scan.dcm")
    assert heard(pickle.dumps([source.read() for source in sources]), words) == []
    assert heard(repr(sources).encode(), words) == []


def test_an_exam_of_a_file_holds_no_canary(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    frame = lens_frame()
    dataset = tomography([frame, np.ascontiguousarray(np.roll(frame, 40, axis=0))])
    words = put_canaries(dataset)
    (tmp_path / "scan.dcm").write_bytes(file_bytes(dataset))
    assert heard(analyzer.analyze_exam([tmp_path / "scan.dcm"], "OD").to_json().encode(), words) == []


def test_what_pydicom_says_is_not_heard_and_its_errors_leave_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        logging.getLogger("pydicom").error("Canary0001x")
        logging.getLogger("pydicom.pixels.decoders.base").warning("Canary0001x")
        warnings.warn("Canary0001x", stacklevel=1)
        raise ValueError("Canary0001x")

    caplog.set_level(logging.DEBUG)
    with pytest.raises(EdgeCataractError) as caught:
        guarded(work)
    error = caught.value
    assert (error.__cause__, error.__context__, error.word) == (None, None, "damaged-dicom")
    assert "Canary" not in "".join(traceback.format_exception(error))
    assert caplog.records == []


def test_a_program_that_uses_pydicom_itself_still_hears_it(frames: Frames, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("pydicom")
    before = (logger.handlers, logger.propagate, list(warnings.filters))
    sources_of(file_bytes(tomography(frames)))[0].read()
    assert (logger.handlers, logger.propagate, list(warnings.filters)) == before
    pydicom.config.logger.warning("heard")
    assert "heard" in caplog.text


def test_the_check_can_fail() -> None:
    assert heard(b"... CANARY0007X ...", ["Canary0007x", "Canary0008x"]) == ["Canary0007x"]
