"""The summary for a person says the finding, its number and its threshold."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.answer import Answer, Conclusion
from edge_runtime.measure.quality import Notice
from edge_runtime.report.language import language_of
from edge_runtime.report.text import summary
from edge_runtime.results import EyeResult
from tests.edge_runtime.pictures import empty_frame, encoded, lens_frame


def test_summary_says_finding_number_and_threshold(
    analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]
) -> None:
    text = summary(eye_of("graded"))
    assert text == (
        "frame: cataract\n"
        "  Cataract Fraction 0.286, at or above the threshold 0.140\n"
        "  Answer: refer. Show the eye to an ophthalmologist. "
        "[cataract-fraction, lens-shape-unknown, fewer-than-three-scans]\n"
        "  Model tiny-grey-level 0 (fp32), trained on none. Research use only. Not a medical device."
    )


def test_summary_of_a_borderline_eye_says_so(analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]) -> None:
    text = summary(eye_of("borderline"))
    assert "frame: cataract, BORDERLINE\n" in text
    assert "[borderline]" in text


def test_summary_of_a_clear_lens_says_below(analyzer: CataractAnalyzer) -> None:
    eye = analyzer.as_eye([analyzer.analyze_pixels(lens_frame(cataract_rows=0))])
    assert summary(eye).startswith("frame: clear\n  Cataract Fraction 0.000, below the threshold 0.140")


def test_summary_of_an_ungraded_scan_gives_no_number(
    analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]
) -> None:
    text = summary(eye_of("not graded"))
    assert text.startswith("frame: not graded (lens-not-found)\n")
    assert "Fraction" not in text


def test_summary_of_an_exam_tells_how_many_scans_it_used(
    analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]
) -> None:
    lines = summary(eye_of("exam with an ungraded scan")).splitlines()
    assert lines[0] == "OD: cataract"
    assert lines[3] == "  2 scans given, 6 expected, 1 graded"
    assert lines[4].endswith("not graded")


def test_summary_of_a_scan_by_itself_does_not_say_that_it_is_no_whole_exam(
    analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]
) -> None:
    eye = eye_of("not graded")
    assert [notice.code for notice in eye.notices][-1] == "fewer-scans-than-expected"
    assert "fewer-scans-than-expected" not in summary(eye)
    assert "fewer-scans-than-expected" in summary(eye_of("exam with an ungraded scan"))


def test_summary_of_an_exam_of_one_scan_speaks_of_one_scan(analyzer: CataractAnalyzer) -> None:
    eye = analyzer.as_eye([analyzer.analyze_pixels(lens_frame())], laterality=Laterality.OD, scans_expected=6)
    assert "  1 scan given, 6 expected, 1 graded" in summary(eye).splitlines()
    assert "1 Aufnahme gegeben" in summary(eye, language_of("de"))
    assert "[fewer-scans-than-expected]" in summary(eye)


def test_summary_of_a_lens_names_grade_and_areas(bundled_analyzer: CataractAnalyzer) -> None:
    lines = summary(
        bundled_analyzer.as_eye([bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")])
    ).splitlines()
    assert lines[2].startswith("  Answer: refer.")
    assert re.fullmatch(r"  Nucleus: \w+ \(step [45] of 5\), \d\.\d dB above a clear lens, likely .*", lines[3])
    assert re.fullmatch(r"  Opacity below the capsule, share of the central 3 mm: back \d+%, front \d+%", lines[4])


def test_summary_names_the_evidence_where_the_answer_rests_on_it(bundled_analyzer: CataractAnalyzer) -> None:
    eye = bundled_analyzer.as_eye([bundled_analyzer.analyze(SAMPLES / "simulated-clear.png")] * 3)
    conclusion = Conclusion(Answer.REPEAT, ("cataract-evidence",))
    doubtful = replace(eye, findings=replace(eye.findings, conclusion=conclusion, cataract_evidence=0.42))
    assert "  All measures together: 42% of simulated eyes like it have a cataract" in summary(doubtful).splitlines()
    assert "All measures" not in summary(eye)


def test_warnings_are_named_however_much_else_there_is(bundled_analyzer: CataractAnalyzer) -> None:
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-clear.png")
    eye = bundled_analyzer.as_eye([scan] * 3, laterality=Laterality.OD, scans_expected=6)
    conclusion = Conclusion(Answer.REPEAT, ("cataract-evidence",))
    doubtful = replace(
        eye,
        findings=replace(eye.findings, conclusion=conclusion, cataract_evidence=0.42),
        notices=tuple(Notice(f"word-{number}", "Something.", "1.png") for number in range(3)),
    )
    lines = summary(doubtful).splitlines()
    assert lines[-2] == "  further notes, see --json: word-0, word-1, word-2"
    assert any("All measures together" in line for line in lines)


def test_summary_has_at_most_ten_lines(eye_of: Callable[[str], EyeResult]) -> None:
    eye = eye_of("exam")
    notices = tuple(Notice(f"word-{number % 7}", "Something.", f"{number}.png") for number in range(14))
    lines = summary(replace(eye, notices=notices)).splitlines()
    assert len(lines) == 10
    assert "  note: 0.png, 7.png: Something. [word-0]" in lines
    assert lines[8].endswith("word-3, word-4, word-5, word-6")


def test_summary_tells_first_what_raises_doubt_and_last_what_concerns_no_number(
    analyzer: CataractAnalyzer, tmp_path: Path
) -> None:
    for name, frame in (("empty.png", empty_frame()), ("lens.png", lens_frame(1200, 1824))):
        (tmp_path / name).write_bytes(encoded(".png", frame))
    empty, lens = (analyzer.analyze(tmp_path / name) for name in ("empty.png", "lens.png"))
    cut = Notice("lens-cut-by-frame", "Cut.")
    eye = analyzer.as_eye([replace(empty, notices=(cut,)), replace(lens, notices=(cut,))], scans_expected=6)
    together = (Notice("extra-lens-pieces", "More.", "lens.png"), Notice("scans-disagree", "Apart.", "lens.png"))
    lines = summary(replace(eye, notices=(*eye.notices, *together))).splitlines()
    assert lines[5:9] == [
        "  note: lens.png: Apart. [scans-disagree]",
        "  note: lens.png: Cut. [lens-cut-by-frame]",
        "  note: 2 given, 6 expected, 1 graded. [fewer-scans-than-expected]",
        "  further notes, see --json: extra-lens-pieces",
    ]


def test_summary_shows_what_a_model_says_without_obeying_it(eye_of: Callable[[str], EyeResult]) -> None:
    eye = eye_of("graded")
    said = "\x1b[2J\rfine\nother.png: clear\u202e"
    hostile = replace(eye, model=replace(eye.model, name=said, version=said, precision=said, trained_on=said))
    text = summary(hostile)
    assert len(text.split("\n")) == len(summary(eye).split("\n"))
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\\x1b[2J\\rfine\\nother.png" in text


def test_summary_of_a_bundled_sample_says_so_under_any_name(bundled_analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    renamed = tmp_path / "patient.png"
    shutil.copy(SAMPLES / "simulated-clear.png", renamed)
    assert "SAMPLE, NOT A PATIENT" in summary(bundled_analyzer.as_eye([bundled_analyzer.analyze(renamed)]))


def test_summary_of_another_scan_does_not_say_sample(eye_of: Callable[[str], EyeResult]) -> None:
    assert "SAMPLE" not in summary(eye_of("graded"))
