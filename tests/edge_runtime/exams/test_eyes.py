"""Scans to eyes: what is known is used, what contradicts or is missing is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.errors import ScanError, UsageError
from edge_runtime.exams import opening
from edge_runtime.exams.eyes import OpenedScan, split_eyes
from edge_runtime.exams.opening import open_scans
from edge_runtime.exams.planned import PlannedScan
from edge_runtime.scan import Known, Laterality, Origin, Scan, ScanSource
from tests.edge_runtime.pictures import encoded, lens_frame

OD, OS = Laterality.OD, Laterality.OS


def never() -> Scan:
    raise AssertionError("no scan is read to tell eyes apart")


def scan(path: str, *of_file: Laterality | None, eye: Laterality | None = None, deg: float | None = None) -> OpenedScan:
    """A file whose scans say these eyes themselves, and whose manifest says another fact or two."""
    sources = tuple(
        ScanSource(path, never, None if said is None else Known(said, Origin.FILE), frame=number)
        for number, said in enumerate(of_file or (None,), start=1)
    )
    at = PlannedScan.at(path)
    return OpenedScan(PlannedScan(path, at.folders, eye, deg), sources)


def broken(path: str) -> OpenedScan:
    error = ScanError("empty-file", "It is empty.", "Export it again.")
    return OpenedScan(PlannedScan.at(path), (ScanSource(path, never),), error)


def test_names_tell_the_eyes_apart_in_order() -> None:
    eyes = split_eyes([scan("x_OS_2.png"), scan("OD/1_30deg.png"), scan("x_OS_1.png")])
    assert [(exam.laterality, [source.name for source in exam.sources]) for exam in eyes.exams] == [
        (OS, ["x_OS_2.png", "x_OS_1.png"]),
        (OD, ["OD/1_30deg.png"]),
    ]
    (source,) = eyes.exams[1].sources
    assert source.laterality == Known(OD, Origin.NAME)
    assert source.meridian_deg == Known(30.0, Origin.NAME)


def test_the_scans_of_one_file_may_be_of_both_eyes() -> None:
    eyes = split_eyes([scan("both.dcm", OD, OD, OS)])
    assert [(exam.laterality, [source.frame for source in exam.sources]) for exam in eyes.exams] == [
        (OD, [1, 2]),
        (OS, [3]),
    ]


def test_what_stands_nearest_to_the_pixels_is_where_the_fact_is_from() -> None:
    eyes = split_eyes([scan("a_OD.dcm", OD, eye=OD, deg=45.0)])
    (source,) = eyes.exams[0].sources
    assert source.laterality == Known(OD, Origin.FILE)
    assert source.meridian_deg == Known(45.0, Origin.MANIFEST)


@pytest.mark.parametrize(
    ("one", "named"),
    [
        (scan("a_OD.dcm", OS), None),
        (scan("a.dcm", OS, eye=OD), None),
        (scan("a_OS.png", eye=OD), None),
        (scan("OS/a_OD.png"), None),
        (scan("a.dcm", OS), OD),
        (scan("a.png", eye=OS), OD),
    ],
)
def test_facts_that_contradict_each_other_are_refused(one: OpenedScan, named: Laterality | None) -> None:
    with pytest.raises(UsageError) as refused:
        split_eyes([one], named)
    assert refused.value.word == "contradicting-eye"


def test_the_eye_that_the_user_names_goes_before_a_name() -> None:
    """It is warned of in the result."""
    (exam,) = split_eyes([scan("a_OS.png"), scan("b.png")], OD).exams
    assert (exam.laterality, [source.laterality for source in exam.sources]) == (OD, [Known(OD, Origin.USER)] * 2)


@pytest.mark.parametrize("path", ["a.png", "OD_OS/a.png", "r2/a.png"])
def test_a_scan_of_an_unknown_eye_is_refused_and_named(path: str) -> None:
    with pytest.raises(UsageError, match=r"a\.png") as refused:
        split_eyes([scan("x_OD_1.png"), scan(path)])
    assert refused.value.word == "unknown-eye"


def test_a_file_that_cannot_be_opened_is_an_entry_of_the_only_eye() -> None:
    eyes = split_eyes([broken("1.dcm"), scan("2.dcm", OD)])
    (exam,) = eyes.exams
    assert (exam.laterality, sorted(source.name for source in exam.sources), eyes.strays) == (
        OD, ["1.dcm", "2.dcm"], (),
    )  # fmt: skip


def test_a_file_that_cannot_be_opened_is_guessed_to_be_of_neither_of_two_eyes() -> None:
    eyes = split_eyes([scan("1.dcm", OS), broken("2.dcm"), scan("3.dcm", OD), broken("4_OD.dcm")])
    assert [(exam.laterality, len(exam.sources)) for exam in eyes.exams] == [(OS, 1), (OD, 2)]
    assert [stray.planned.path for stray in eyes.strays] == ["2.dcm"]


def test_an_opened_picture_is_one_scan_that_is_read_in_its_turn(tmp_path: Path) -> None:
    (tmp_path / "a_OD.png").write_bytes(encoded(".png", lens_frame()))
    (one,) = open_scans([PlannedScan.at(str(tmp_path / "a_OD.png"))], lambda: None)
    (source,) = split_eyes([one]).exams[0].sources
    read = source.scan()
    assert (read.source, read.laterality, read.meridian_deg) == ("a_OD.png", Known(OD, Origin.NAME), None)


def test_a_file_that_cannot_be_opened_says_why_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ScanError("empty-file", "It is empty.", "Export it again.")

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(opening, "sources_of", refuse)
    (one,) = open_scans([PlannedScan.at("a.dcm")], lambda: None)
    assert one.error is error
    with pytest.raises(ScanError):
        one.sources[0].scan()
