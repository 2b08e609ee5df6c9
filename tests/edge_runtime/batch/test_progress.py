"""How far a batch is."""

from __future__ import annotations

from edge_runtime.batch.progress import Progress


def test_the_time_that_is_left_is_that_of_this_run_alone() -> None:
    progress = Progress(exams=10, files=120, exams_done=5, files_done=60, began_s=100.0)
    assert progress.text(100.0) == "5 of 10 exams, 60 of 120 files"
    progress.add(12)
    assert progress.left_s(112.0) == 48.0
    assert progress.text(112.0) == "6 of 10 exams, 72 of 120 files, 0:00:48 left"
    assert progress.text(100.0 + 12 * 3600).endswith(" 48:00:00 left")


def test_a_line_is_due_once_a_minute() -> None:
    progress = Progress(1, 1, 0, 0, 0.0)
    assert [second for second in range(200) if progress.is_time(float(second))] == [60, 120, 180]
