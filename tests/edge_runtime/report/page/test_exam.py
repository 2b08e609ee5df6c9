"""The page of an exam says each eye's answer first, shows what it rests on, and holds nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.codes import ADVICE, REFUSALS
from edge_runtime.errors import MissingExtraError, ScanError, UsageError
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.decision import judge
from edge_runtime.report.language import ENGLISH, LANGUAGES, language_of
from edge_runtime.report.page import exam_page
from edge_runtime.report.page.view import eye_view
from edge_runtime.results import EyeResult, ScanResult, UnreadableScan

CREATED = "2026-01-31T10:11:12Z"
MOST_BYTES = 4_000_000


class Tags(HTMLParser):
    """Every tag with its attributes, and the text that a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._inside.append("/")

    def handle_data(self, data: str) -> None:
        if not (self._inside and self._inside[-1] == "style"):
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_evidence_of_any_cataract_stands_below_the_kinds_where_it_is_known(right: EyeResult) -> None:
    rows = eye_view(right, ENGLISH, pictures=False).kinds
    assert (rows[-1].name, len(rows)) == ("Cataract of any kind", 5)
    unknown = replace(right, findings=replace(right.findings, cataract_evidence=None))
    assert len(eye_view(unknown, ENGLISH, pictures=False).kinds) == 4


@pytest.fixture(scope="module")
def right(bundled_analyzer: CataractAnalyzer) -> EyeResult:
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")
    return bundled_analyzer.as_eye([scan] * 6, laterality=Laterality.OD, scans_expected=6)


@pytest.fixture(scope="module")
def left(bundled_analyzer: CataractAnalyzer) -> EyeResult:
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-clear.png")
    return bundled_analyzer.as_eye([scan] * 6, laterality=Laterality.OS, scans_expected=6)


def test_both_eyes_stand_on_one_page_with_the_right_one_first(right: EyeResult, left: EyeResult) -> None:
    page = exam_page([left, right], created=CREATED)
    assert page.index(">Right eye <") < page.index(">Left eye <")
    assert [one["class"] for one in Tags(page).named("section")[:2]] == ["eye refer", "eye no-sign"]
    assert len(page) < MOST_BYTES


def test_a_page_says_answer_numbers_hashes_and_provenance(right: EyeResult) -> None:
    text = Tags(exam_page([right], created=CREATED)).text
    grade = right.findings.grade
    assert grade is not None
    assert right.cataract_fraction is not None
    for said in (
        "Refer",
        "Show the eye to an ophthalmologist.",
        f"{right.cataract_fraction:.3f}",
        f"{grade.value_db:.1f} dB above a clear lens",
        f"step {grade.step} of 5",
        "31 January 2026",
        "Research use only. Not a medical device.",
        "SAMPLE, NOT A PATIENT",
        "edge-cataract 0",
        "trained on simulated scans",
        right.model.sha256[:16],
    ):
        assert said in text
    assert text.count(right.scans[0].scan.sha256[:16]) == 6


def test_a_page_has_no_script_and_loads_nothing(right: EyeResult) -> None:
    page = exam_page([right], created=CREATED)
    tags = Tags(page)
    assert not tags.named("script")
    assert not any(name.startswith("on") or name == "style" for _, attributes in tags.tags for name in attributes)
    links = [attributes.get("src") or attributes.get("href") for _, attributes in tags.tags]
    assert all(link.startswith("data:") for link in links if link)
    assert not re.search(r"https?:|@import|url\(", page)


def test_the_policy_of_a_page_lets_its_own_style_be_used_and_nothing_else(right: EyeResult) -> None:
    page = exam_page([right], created=CREATED)
    style = page[page.index("<style>") + len("<style>") : page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(one["content"] for one in Tags(page).named("meta") if one.get("http-equiv"))
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_scans_stand_beside_their_overlays_as_small_pictures(right: EyeResult) -> None:
    pictures = [one["src"] or "" for one in Tags(exam_page([right], created=CREATED)).named("img")]
    scans = [source for source in pictures if source.startswith("data:image/jpeg")]
    assert len(scans) == 12
    decoded = [
        cv2.imdecode(np.frombuffer(base64.b64decode(one.partition(",")[2]), np.uint8), cv2.IMREAD_COLOR)
        for one in scans[:2]
    ]
    assert decoded[0] is not None
    assert decoded[1] is not None
    assert decoded[0].shape == decoded[1].shape == (477, 560, 3)
    assert np.ptp(decoded[0].astype(int), axis=2).max() == 0  # grey, as recorded
    assert np.ptp(decoded[1].astype(int), axis=2).max() > 60  # with colours


def test_a_scan_that_was_not_graded_is_shown_without_colours(bundled_analyzer: CataractAnalyzer) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1824, 2150), dtype=np.uint8)
    page = exam_page([bundled_analyzer.analyze_exam(frames=[noise], laterality=Laterality.OS)], created=CREATED)
    tags = Tags(page)
    assert [one["class"] for one in tags.named("section")[:1]] == ["eye ungradable"]
    assert sum((one["src"] or "").startswith("data:image/jpeg") for one in tags.named("img")) == 1
    assert "Choose the file of a scan of the anterior segment." in tags.text
    assert "0.000" not in tags.text


def test_names_of_files_never_reach_a_page(right: EyeResult) -> None:
    """A device may name a file after its patient."""
    scan = right.scans[0]
    named = replace(scan, scan=replace(scan.scan, source="Erika_Mustermann_1964.png"))
    eye = replace(right, entries=(named,) * 6)
    assert "Mustermann" not in exam_page([eye], created=CREATED)


def test_a_label_is_shown_as_text_whatever_it_holds(right: EyeResult) -> None:
    hostile = '"><script>alert(1)</script>\u202e{{ 7 * 7 }}'
    page = exam_page([right], label=hostile, created=CREATED)
    assert not Tags(page).named("script")
    assert "alert(1)" in Tags(page).text
    assert "\\u202e" in page
    assert "{{ 7 * 7 }}" in page


def test_what_a_model_says_of_itself_is_shown_as_text(right: EyeResult) -> None:
    model = replace(right.model, name="<img src=x>", doubts="<script>", trained_on="<b>: {x}")
    page = exam_page([replace(right, model=model)], created=CREATED)
    assert "<img src=x>" not in page
    assert not Tags(page).named("script")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_written_in_its_language(language: str, right: EyeResult) -> None:
    tags = Tags(exam_page([right], language=language, created=CREATED))
    spoken = language_of(language)
    html = tags.named("html")[0]
    assert (html["lang"], html["dir"]) == (language, spoken.direction)
    assert spoken.meaning("answer", "refer") in tags.text
    assert spoken.number(right.cataract_fraction or 0.0, 3) in tags.text
    assert (language == "en") == ("Cataract Fraction" in tags.text)


def test_the_same_eye_and_time_give_the_same_page(right: EyeResult) -> None:
    assert exam_page([right], created=CREATED) == exam_page([right], created=CREATED)


@pytest.mark.parametrize("name", ["exam with an ungraded scan", "more than an exam", "not graded", "sixteen bits"])
def test_any_eye_has_a_page(name: str, eye_of: Callable[[str], EyeResult]) -> None:
    page = exam_page([eye_of(name)], created=CREATED)
    assert page.count('<li>\n<div class="pair">') == len(eye_of(name).entries)


def test_a_warning_names_the_scans_that_it_is_about(eye_of: Callable[[str], EyeResult]) -> None:
    eye = eye_of("exam with an ungraded scan")
    entries = tuple(replace(scan, scan=replace(scan.scan, source=f"{n}.png")) for n, scan in enumerate(eye.scans))
    notices = tuple(replace(eye.notices[0], code="partly-black", source=f"{n}.png") for n in range(2))
    text = Tags(exam_page([replace(eye, entries=entries, notices=notices)], created=CREATED)).text
    assert "Scans 1, 2: A side of the picture" in text


def test_a_page_of_no_eye_three_eyes_or_one_eye_twice_is_refused(right: EyeResult, left: EyeResult) -> None:
    for eyes in ([], [right, right], [right, left, replace(left, laterality=None)]):
        with pytest.raises(UsageError, match="one eye, or the right and the left eye"):
            exam_page(eyes)
    with pytest.raises(UsageError, match="64 letters"):
        exam_page([right], label="x" * 65)


def test_without_the_extra_a_page_names_it(right: EyeResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"edge-cataract\[report\]"):
        exam_page([right])


def not_graded(scan: ScanResult, *reasons: str) -> ScanResult:
    return replace(scan, reasons=reasons, judgement=judge([], scan.judgement.point), lens=None)


@pytest.mark.parametrize(
    ("reasons", "graded", "advice"),
    [
        (["artificial-lens", "other-scan", "lens-not-found"], False, ["artificial-lens"]),
        (["no-lens", "no-brightness-reference"], False, ["no-lens"]),
        (["lens-not-found", "unlikely-brightness"], False, ["lens-not-found"]),
        (["other-scan", "not-a-scan"], False, ["other-scan", "not-a-scan"]),
        (["artificial-lens", "lens-not-solid", "other-scan"], True, ["other-scan"]),
        (["artificial-lens lens-mostly-outside"], True, []),
        (["lens-too-small lens-mostly-outside"], False, ["lens-mostly-outside"]),
    ],
)
def test_advice_contradicts_neither_itself_nor_the_answer(
    reasons: list[str], graded: bool, advice: list[str], bundled_analyzer: CataractAnalyzer
) -> None:
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-clear.png")
    others = [not_graded(scan, *some.split()) for some in reasons]
    eye = bundled_analyzer.as_eye([*others, scan] if graded else others, scans_expected=6)
    assert eye_view(eye, ENGLISH, pictures=False).advice == tuple(ADVICE[word] for word in advice)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_file_that_was_not_read_says_why_and_what_to_do(code: str, left: EyeResult) -> None:
    unread = UnreadableScan("name of a person.png", ScanError("colour-image", "Found.", "Do."))
    eye = replace(left, entries=(*left.entries, unread))
    spoken = language_of(code)
    page = exam_page([eye], language=code, created=CREATED)
    assert (
        f'<span lang="en" dir="ltr">{REFUSALS["colour-image"]}</span> <code class="word" dir="ltr">colour-image' in page
    )
    export = spoken.say("Export the scan from the device again, as grey PNG or DICOM, and analyse that file.")
    assert eye_view(eye, spoken, pictures=False).advice == (export,)
    assert f"<li>{export}</li>" in page


def test_a_file_that_was_not_read_is_not_asked_for_again_of_an_eye_with_an_artificial_lens(
    bundled_analyzer: CataractAnalyzer,
) -> None:
    scan = not_graded(bundled_analyzer.analyze(SAMPLES / "simulated-clear.png"), "artificial-lens")
    unread = UnreadableScan("1.png", ScanError("colour-image", "Found.", "Do."))
    eye = bundled_analyzer.as_eye([scan, unread], scans_expected=6)
    assert eye_view(eye, ENGLISH, pictures=False).advice == (ADVICE["artificial-lens"],)
