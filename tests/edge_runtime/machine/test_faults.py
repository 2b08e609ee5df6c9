"""What concerns one scan alone, and what concerns them all."""

from __future__ import annotations

import cv2
import pytest

from edge_runtime.errors import InferenceError, ScanError, WriteError, out_of_memory
from edge_runtime.machine.faults import fault_of_one_scan, known_error


@pytest.mark.parametrize("kind", [ScanError, InferenceError])
def test_a_bad_scan_is_its_own_error(kind: type[ScanError | InferenceError]) -> None:
    error = kind("some-word", "This was found.", "Do that.")
    assert fault_of_one_scan(error) is error


def test_what_nobody_expected_is_a_fault_of_the_program_in_that_scan() -> None:
    error = ZeroDivisionError("a secret of the scan")
    found = fault_of_one_scan(error)
    assert found is not None
    assert (found.word, found.exit_code, found.__cause__) == ("internal", 70, error)
    assert "ZeroDivisionError" in str(found)
    assert "secret" not in str(found)


def no_memory_of_opencv() -> Exception:
    error = cv2.error("Insufficient memory")
    error.code = -4
    return error


@pytest.mark.parametrize(
    "error",
    [
        out_of_memory(),
        WriteError("write-failed", "This was found.", "Do that."),
        MemoryError(),
        OSError(24, "Too many open files"),
        no_memory_of_opencv(),
        ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_machine_lacks_concerns_every_scan(error: Exception) -> None:
    assert fault_of_one_scan(error) is None


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ScanError("empty-file", "It is empty.", "Export it."), "empty-file"),
        (ZeroDivisionError(), "internal"),
        (MemoryError(), "out-of-memory"),
        (OSError(24, "Too many open files"), "internal"),
        (ImportError("no module", name="cv2"), "broken-library"),
    ],
)
def test_whatever_is_raised_has_a_word(error: Exception, word: str) -> None:
    assert known_error(error).word == word
