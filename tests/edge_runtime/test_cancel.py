"""Another thread stops a call within a fraction of a second, and the analyzer works afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.errors import AnalysisCancelledError, UsageError
from edge_runtime.model.predictor import Prediction, Predictor

from .pictures import encoded, lens_frame

SOON_S = 1.0  # on a busy machine; it is some hundredths of a second on a quiet one


@contextmanager
def set_after(seconds: float) -> Iterator[tuple[threading.Event, list[float]]]:
    """An event that a thread sets after some seconds, and when it did."""
    event, when = threading.Event(), list[float]()

    def act() -> None:
        when.append(time.monotonic())
        event.set()

    timer = threading.Timer(seconds, act)
    timer.start()
    yield event, when
    timer.join()


def in_this_thread(work: Callable[[], object]) -> None:
    work()


def in_another_thread(work: Callable[[], object]) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except AnalysisCancelledError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


@pytest.fixture(scope="module")
def slow_analyzer(slow_model: Path) -> CataractAnalyzer:
    return CataractAnalyzer(slow_model, limits=Limits(threads=1))


@pytest.mark.slow
@pytest.mark.parametrize("place", [in_this_thread, in_another_thread])
@pytest.mark.parametrize("verb", ["analyze", "analyze_pixels", "analyze_exam"])
def test_a_call_ends_in_the_middle_of_the_network(
    verb: str, place: Callable[[Callable[[], object]], None], slow_analyzer: CataractAnalyzer
) -> None:
    frame, running = lens_frame(), threading.active_count()
    with set_after(0.5) as (cancel, when):
        calls = {
            "analyze": lambda: slow_analyzer.analyze(encoded(".png", frame), cancel=cancel),
            "analyze_pixels": lambda: slow_analyzer.analyze_pixels(frame, cancel=cancel),
            "analyze_exam": lambda: slow_analyzer.analyze_exam(frames=[frame, frame[::-1]], cancel=cancel),
        }
        with pytest.raises(AnalysisCancelledError, match=r"error\[cancelled\]") as caught:
            place(calls[verb])
        assert when, "the model is too fast for this test"
        assert time.monotonic() - when[0] < SOON_S
    assert caught.value.exit_code == 130
    assert threading.active_count() == running, "the network still runs"


class Counted:
    """A predictor that sets the event after some of its tiles."""

    def __init__(self, network: Predictor, cancel: threading.Event, tiles: int) -> None:
        self.metadata, self.sha256, self.threads = network.metadata, network.sha256, network.threads
        self._network, self._cancel, self.left = network, cancel, tiles

    def predict(self, window: NDArray[np.uint8]) -> Prediction:
        self.left -= 1
        if not self.left:
            self._cancel.set()
        return self._network.predict(window)


def test_no_tile_and_no_scan_is_begun_after_the_event(analyzer: CataractAnalyzer) -> None:
    cancel = threading.Event()
    counted = Counted(analyzer.network, cancel, tiles=2)
    frames = [lens_frame(), lens_frame(cataract_rows=40), lens_frame(cataract_rows=60)]
    with pytest.raises(AnalysisCancelledError):
        CataractAnalyzer(counted).analyze_exam(frames=frames, cancel=cancel)
    assert counted.left == 0


def test_the_analyzer_works_afterwards_and_an_event_stops_its_own_call_only(analyzer: CataractAnalyzer) -> None:
    frame, cancel = lens_frame(), threading.Event()
    expected = analyzer.analyze_pixels(frame, cancel=cancel).cataract_fraction
    assert expected == analyzer.analyze_pixels(frame).cataract_fraction
    cancel.set()
    with pytest.raises(AnalysisCancelledError):
        analyzer.analyze_pixels(frame, cancel=cancel)
    assert analyzer.analyze_pixels(frame).cataract_fraction == expected
    cancel.clear()
    assert analyzer.analyze_pixels(frame, cancel=cancel).cataract_fraction == expected


def test_what_is_no_event_is_refused(analyzer: CataractAnalyzer) -> None:
    with pytest.raises(UsageError, match="no event"):
        analyzer.analyze_pixels(lens_frame(), cancel=True)  # type: ignore[arg-type]
