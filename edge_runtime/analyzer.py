"""From a scan to a decision. This file is the one place that knows the order of the steps."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from .checked import checked_age, checked_callback, checked_count, checked_laterality, checked_threshold
from .conclusion import by_both_labels, checked_entries, eye_result, scan_result
from .exam_checks import check_duplicates, contradictions
from .exam_scale import ExamScan, of_one_scan, on_one_scale, unlikely_scales
from .frame.brightness import Brightness
from .frame.prepare import prepare_frame
from .frame.profiles import DeviceProfile, PixelPitch, wanted_profile
from .look.network import bundled_look
from .machine.cancelling import cancelled_by, stop_if_cancelled
from .machine.resources import Limits, Resources
from .machine.stopwatch import Stopwatch
from .measure.coefficients import check_coefficients
from .measure.decision import OperatingPoint
from .measure.locate import view_lens
from .model.network import predictor_of
from .model.precision import DEFAULT_PRECISION
from .model.tiling import TiledPredictor, TileGeometry
from .reading.corrections import corrected_exam, read_label_map
from .reading.exams import exam_of
from .reading.raster import read_scan
from .results import EyeResult, ModelFacts, ScanResult, Timings, UnreadableScan
from .scan import Exam, Laterality, Scan, checked_bits, scan_from_pixels

if TYPE_CHECKING:
    import threading

    import numpy as np
    from numpy.typing import NDArray

    from .frame.one_scale import FoundLevels
    from .frame.prepare import Frame
    from .label_map import LabelMap
    from .model.predictor import Predictor
    from .reading.files import ScanFile
    from .scan import ScanSource

__all__ = ["CataractAnalyzer", "Limits", "PixelPitch"]

SCANS_PER_EXAM = 6  # radial scans of one eye (Zeboulon et al. 2022)


class CataractAnalyzer:
    """Loads and verifies a model once; then turns scans into results. Thread-safe.

    Each call takes ``cancel``, a `threading.Event`: soon after another thread has set it, the call ends with
    `AnalysisCancelledError`, in the middle of a scan, too; the analyzer can be used on. Only the decoding of
    a file is waited for: hundredths of a second for a scan, some seconds for the largest pictures that are read.

    Parameters
    ----------
    model
        An exported model: its path, its bytes, or a binary file that is open for reading; or a network that is loaded
        already; None: the bundled one.
    precision
        Which bundled model: ``fp32`` or ``int8``.
    threshold
        Cataract Fraction from which a scan or an eye is called cataract, in [0, 1]; None: the model's own.
    profile
        Device profile, its name or its file, or a `PixelPitch`; None: by the shape of each frame.
    limits
        Threads and memory.
    bits
        Bits per sample that the device records in 16-bit scans, 8 to 16: white is 2**bits - 1; None: as each file says.

    Raises
    ------
    EdgeCataractError
        When the model is missing, damaged or of another kind, or an argument is out of range.
    """

    def __init__(
        self,
        model: ScanFile | Predictor | None = None,
        *,
        precision: str = DEFAULT_PRECISION,
        threshold: float | None = None,
        profile: DeviceProfile | PixelPitch | str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
        bits: int | None = None,
    ) -> None:
        threshold = checked_threshold(threshold)
        self._profile = wanted_profile(profile)
        self._bits = checked_bits(bits)
        self._resources = Resources(limits or Limits())
        self.network = predictor_of(model, precision, self._resources.threads)
        self._resources.model_loaded()
        metadata = self.network.metadata
        self.point = OperatingPoint(metadata.cf_threshold if threshold is None else threshold, metadata.guard_band)
        check_coefficients(metadata.measures)
        self.look = bundled_look(self.network)
        self._geometry = TileGeometry.of(metadata)
        self._facts = ModelFacts.of(self.network, "" if self.look is None else self.look.sha256)
        self._eye = partial(eye_result, point=self.point, model=self._facts)

    def analyze(
        self,
        path: ScanFile,
        *,
        bits: int | None = None,
        cancel: threading.Event | None = None,
        corrected: ScanFile | LabelMap | None = None,
    ) -> ScanResult:
        """Analyse one scan file (or ``-``, standard input); `bits` goes before the analyzer's own.

        In place of a path, the bytes of a file or an open binary file are taken. By `corrected`, a label map that a
        person corrected (docs/corrections.md), the scan is measured.

        Raises
        ------
        EdgeCataractError
            When the file is missing, refused, or the analysis failed. A scan that was read but shows no gradable lens
            is no error: its result says so.
        """
        clock = Stopwatch()
        with cancelled_by(cancel):
            labels = None if corrected is None else read_label_map(corrected, room_bytes=self.room_for_reading())
            scan = read_scan(path, self.room_for_reading()).corrected_by(labels)
            return self.analyze_scan(scan, read_ms=clock.lap_ms(), bits=bits)

    def analyze_pixels(
        self,
        frame: NDArray[np.uint8] | NDArray[np.uint16],
        *,
        bits: int | None = None,
        cancel: threading.Event | None = None,
    ) -> ScanResult:
        """Analyse one frame straight from device software: (rows, columns) uint8 or uint16.

        `bits` are those that the device records, such as 12 in uint16; they go before the analyzer's own.

        Raises
        ------
        EdgeCataractError
            As for `analyze`.
        """
        clock = Stopwatch()
        with cancelled_by(cancel):
            return self.analyze_scan(scan_from_pixels(frame), read_ms=clock.lap_ms(), bits=bits)

    def analyze_exam(
        self,
        paths: Sequence[ScanFile] | Exam = (),
        laterality: Laterality | str | None = None,
        *,
        frames: Sequence[NDArray[np.uint8] | NDArray[np.uint16]] = (),
        age_years: float | None = None,
        cancel: threading.Event | None = None,
        corrected: Mapping[str, LabelMap] | None = None,
        graded: Callable[[int, bool], None] | None = None,
    ) -> EyeResult:
        """Analyse the radial scans of one eye; its Cataract Fraction is the mean over the gradable ones.

        A scan that cannot be read or labelled, or meets a fault of the program, is an entry with its reason.

        Parameters
        ----------
        paths
            Paths of scans, their bytes, or binary files that are open for reading; or an `Exam`, which knows its eye.
        laterality
            ``OD`` or ``OS``; None when it is not known.
        frames
            Frames in memory instead: each (rows, columns) uint8 or uint16.
        age_years
            Age of the patient, 0 to 120; it changes only the nuclear grade and its interval.
        cancel
            Set by another thread, it ends the exam, without a result.
        corrected
            Label maps that a person corrected (`edge_runtime.reading.corrections.read_label_map`), by the names of
            scans: the path as it was given, or ``frame 1`` and so on.
        graded
            Hears of each scan when it is done: its place, from 1, and whether it could be read and labelled.

        Raises
        ------
        UsageError
            Without scans, with both kinds, when one is given twice, or for DICOM files of several studies or patients.
        EdgeCataractError
            When none of the scans can be read, or the machine cannot go on.
        """
        eye, age = checked_laterality(laterality), checked_age(age_years)
        with cancelled_by(cancel):
            exam = exam_of(paths, frames, eye, self.room_for_reading)
            return self._analyze_exam(corrected_exam(exam, corrected or {}), age, checked_callback(graded))

    def room_for_reading(self) -> int | None:
        """Bytes that the pixels of the next scan may take; None without a cap on memory."""
        return self._resources.room_for_reading()

    def _analyze_exam(
        self, exam: Exam, age_years: float | None, graded: Callable[[int, bool], None] | None
    ) -> EyeResult:
        shares = len(exam.sources) > 1
        scans = on_one_scale(
            [of_one_scan(source.name, partial(self._read, source, shares=shares)) for source in exam.sources]
        )
        entries: list[ScanResult | UnreadableScan] = []
        for source, scan in zip(exam.sources, scans, strict=True):
            entry = of_one_scan(source.name, partial(self._grade, scan)) if isinstance(scan, ExamScan) else scan
            entries.append(entry)
            if graded is not None:
                graded(len(entries), isinstance(entries[-1], ScanResult))
        found = [entry for entry in entries if isinstance(entry, ScanResult)]
        if not found:
            raise next(entry.error for entry in entries if isinstance(entry, UnreadableScan))
        check_duplicates(found)
        self._resources.headroom().check_pictures(max(entry.maps.pixels for entry in found))

        def judged(entries: Sequence[ScanResult | UnreadableScan]) -> EyeResult:
            analysed = [entry for entry in entries if isinstance(entry, ScanResult)]
            further = (*contradictions(analysed, exam.sources, exam.laterality), *unlikely_scales(scans))
            return self._eye(
                entries,
                laterality=exam.laterality,
                scans_expected=SCANS_PER_EXAM,
                further=further,
                age_years=age_years,
            )

        return by_both_labels(judged, entries)

    def as_eye(
        self,
        scans: Sequence[ScanResult | UnreadableScan],
        *,
        laterality: Laterality | str | None = None,
        scans_expected: int = 1,
        age_years: float | None = None,
    ) -> EyeResult:
        """Judge scans together, as one eye; UsageError without any, and for an argument of another kind or range."""
        judged = partial(
            self._eye,
            laterality=checked_laterality(laterality),
            scans_expected=checked_count(scans_expected, "scans_expected"),
            age_years=checked_age(age_years),
        )
        eye = by_both_labels(judged, checked_entries(scans))
        self._resources.step_done()
        return eye

    def analyze_scan(self, scan: Scan, *, read_ms: float = 0.0, bits: int | None = None) -> ScanResult:
        """Analyse one scan that was read already; reading it took `read_ms` milliseconds.

        `bits`, the declared depth, go before the analyzer's own.

        Raises
        ------
        EdgeCataractError
            As for `analyze`.
        """
        return self._grade(ExamScan(scan.of_bits(self._bits if bits is None else bits), read_ms))

    def _read(self, source: ScanSource, *, shares: bool) -> ExamScan:
        """Read a scan of an exam, and look for its scale where there are others to share it with."""
        stop_if_cancelled()
        clock = Stopwatch()
        scan = source.scan().of_bits(self._bits)
        read_ms = clock.lap_ms()
        if not shares or self.network.metadata.brightness is not Brightness.REFERENCED:
            return ExamScan(scan, read_ms)
        found = self._prepared(scan).found
        self._resources.step_done()
        return ExamScan(scan, read_ms, clock.lap_ms(), found)

    def _prepared(self, scan: Scan, found: FoundLevels | None = None) -> Frame:
        largest, brightness = self.tiled_predictor().largest_tile, self.network.metadata.brightness
        return prepare_frame(scan, self._profile, brightness, largest, found)

    def _grade(self, one: ExamScan) -> ScanResult:
        """Label and measure a scan on the scale of its eye, or on its own."""
        clock = Stopwatch()
        stop_if_cancelled()
        frame = self._prepared(one.scan, one.found).on(one.scale)
        self._resources.step_done()
        prepare_ms = one.prepare_ms + clock.lap_ms()
        view = view_lens(frame, self.tiled_predictor(), self.look)
        self._resources.step_done()
        stop_if_cancelled()
        timings_ms = Timings(one.read_ms, prepare_ms, infer=clock.lap_ms(), measure=0.0)
        result = scan_result(view, self.point, self._facts, timings_ms, self.tiled_predictor)
        if "logging" in sys.modules:  # who listens has imported it; importing takes long
            for line in result.sizes:
                sys.modules["logging"].getLogger(__name__).info(line)
        return result

    def tiled_predictor(self) -> TiledPredictor:
        """The network, in tiles that the cap on memory allows after a scan was read."""
        resources = self._resources
        return TiledPredictor(self.network, self._geometry, resources.headroom(), resources.tile_done)
