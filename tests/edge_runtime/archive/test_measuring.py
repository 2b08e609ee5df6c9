"""The bytes of a file to its row: the eye is known, or not guessed; whatever is wrong is a word."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.archive.measuring import FetchedFile, measure_file
from edge_runtime.results import ModelFacts
from tests.dicom_files import file_bytes, tomography
from tests.edge_runtime.pictures import CATARACT_FRACTION, empty_frame, encoded, lens_frame

SCAN = encoded(".png", lens_frame())


def measured(analyzer: CataractAnalyzer, key: str, content: bytes) -> dict[str, Any]:
    return measure_file(analyzer, FetchedFile(0, key, content)).row


@pytest.mark.parametrize(
    ("key", "eye"),
    [("s3://b/P1/OS/1.png", "OS"), ("a/P1_OD_030.png", "OD"), ("a/1.png", None), ("s3://b/1", None)],
)
def test_a_scan_is_graded_and_its_key_may_say_the_eye(analyzer: CataractAnalyzer, key: str, eye: str | None) -> None:
    row = measured(analyzer, key, SCAN)
    assert (row["status"], row["eye"], row["word"]) == ("graded", eye, None)
    assert row["cataract_fraction"] == CATARACT_FRACTION
    assert (row["key"], row["sha256"], row["bytes"]) == (key, hashlib.sha256(SCAN).hexdigest(), len(SCAN))
    assert row["model_sha256"] == ModelFacts.of(analyzer.network).sha256
    assert (row["scans_given"], row["scans_used"], row["scans_expected"]) == (1, 1, 1)


def test_a_row_is_the_same_each_time(analyzer: CataractAnalyzer) -> None:
    assert measured(analyzer, "a.png", SCAN) == measured(analyzer, "a.png", SCAN)


@pytest.mark.parametrize(
    ("key", "content", "status", "word"),
    [
        ("OD/P1_OS_1.png", SCAN, "refused", "contradicting-eye"),
        ("a.png", SCAN[:-40], "refused", "truncated-png"),
        ("a.png", encoded(".png", empty_frame()), "refused", "lens-not-found"),
        ("a.dcm", b"\0" * 128 + b"DICM" + b"\0" * 40, "refused", None),
    ],
)
def test_what_cannot_be_graded_is_a_row_with_its_word(
    analyzer: CataractAnalyzer, key: str, content: bytes, status: str, word: str | None
) -> None:
    row = measured(analyzer, key, content)
    assert row["status"] == status
    assert row["word"] == word if word else row["word"]
    assert row["cataract_fraction"] is None


def test_the_frames_of_a_file_are_judged_together_as_one_eye(analyzer: CataractAnalyzer) -> None:
    frames = [lens_frame(cataract_rows=200 + 8 * number) for number in range(3)]
    row = measured(analyzer, "exam.dcm", file_bytes(tomography(frames, laterality="L")))
    assert (row["status"], row["eye"], row["scans_given"], row["scans_used"]) == ("graded", "OS", 3, 3)
    assert row["cataract_fraction"] == pytest.approx((200 + 208 + 216) / 3 / 700)


def test_a_file_that_says_another_eye_than_its_key_is_refused(analyzer: CataractAnalyzer) -> None:
    row = measured(analyzer, "P1_OD.dcm", file_bytes(tomography([lens_frame()], laterality="L")))
    assert (row["status"], row["word"]) == ("refused", "contradicting-eye")
