"""The public names as a program uses them: read by type checkers in strict mode, never run.

Every name of `edge_runtime.__all__` is imported here and nowhere else in one list.
"""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from edge_runtime import (
    CataractAnalyzer,
    Decision,
    DeviceProfile,
    EdgeCataractError,
    EyeResult,
    Laterality,
    Limits,
    PixelPitch,
    ScanResult,
    TissueLabel,
    __version__,
    document,
)
from edge_runtime.errors import AnalysisCancelledError
from edge_runtime.measure.answer import Answer


def one_scan(path: Path) -> str:
    """The sentence that a kiosk shows for one scan."""
    analyzer = CataractAnalyzer(limits=Limits(threads=2, max_memory_mb=140))
    try:
        result = analyzer.analyze(path)
    except EdgeCataractError as error:
        assert_type(error.exit_code, int)
        assert_type(error.word, str)
        return f"{error.found} {error.lost} {error.remedy}"
    assert_type(result, ScanResult)
    assert_type(result.cataract_fraction, float | None)
    assert_type(result.gradable, bool)
    assert_type(result.reasons, tuple[str, ...])
    assert_type(result.labels, NDArray[np.uint8])
    assert_type(result.cataract_probability, NDArray[np.float32])
    assert_type(result.lens_probability, NDArray[np.float32])
    if result.cataract_fraction is None:
        return f"{__version__}: not graded ({', '.join(result.reasons)})"
    lens = int(np.count_nonzero(result.labels != TissueLabel.BACKGROUND))
    sentence = f"{result.cataract_fraction:.3f} of {lens} pixels: "
    return sentence + ("see a doctor" if result.decision is Decision.CATARACT else result.decision.value)


def one_eye(paths: list[Path]) -> dict[str, Any]:
    """The document of one eye's radial scans, from another device than the bundled ones."""
    device = DeviceProfile("mine", columns=1600, rows=1000, width_mm=16.0, height_mm=10.0)
    analyzer = CataractAnalyzer(profile=device)
    eye = analyzer.analyze_exam(paths, laterality=Laterality.OD)
    assert_type(eye, EyeResult)
    assert_type(eye.scans, tuple[ScanResult, ...])
    assert_type(eye.cataract_fraction, float | None)
    assert_type(eye.cataract_fraction_sd, float | None)
    assert_type(eye.laterality, Laterality | None)
    assert_type(eye.scans_used, int)
    assert_type(eye.borderline, bool)
    return document(eye, analyzer.network, "2026-01-31T10:11:12Z")


def pixels_from_memory(frame: NDArray[np.uint16]) -> EyeResult:
    """An eye of one scan that never was a file."""
    analyzer = CataractAnalyzer("model.onnx", profile=PixelPitch(row_um=9.6, column_um=9.6))
    return analyzer.as_eye([analyzer.analyze_pixels(frame)], laterality=Laterality.OS)


def twelve_bits(frame: NDArray[np.uint16]) -> ScanResult:
    """A depth that is declared for the device, and for one call."""
    analyzer = CataractAnalyzer(bits=12)
    assert_type(analyzer.analyze("scan.tiff", bits=10), ScanResult)
    return analyzer.analyze_pixels(frame, bits=12)


def scans_that_are_no_paths(data: bytes, frames: list[NDArray[np.uint8]]) -> list[EyeResult]:
    """Bytes, open files and frames in memory."""
    analyzer = CataractAnalyzer()
    assert_type(analyzer.analyze(data), ScanResult)
    assert_type(analyzer.analyze(io.BytesIO(data)), ScanResult)
    with Path("scan.png").open("rb") as file:
        assert_type(analyzer.analyze(file), ScanResult)
    return [analyzer.analyze_exam([data, "scan.png", io.BytesIO(data)], "OS"), analyzer.analyze_exam(frames=frames)]


def advice(paths: list[Path]) -> str:
    """What to do with an eye, and how dense its nucleus is."""
    eye = CataractAnalyzer().analyze_exam(paths, "OD", age_years=67)
    assert_type(eye.answer, Answer)
    assert_type(eye.findings.conclusion.reasons, tuple[str, ...])
    assert_type(eye.findings.kinds, dict[str, float] | None)
    grade, measures = eye.findings.grade, eye.findings.measures
    if grade is None or measures is None:
        return eye.answer.value
    assert_type(measures.areas.posterior_3mm, float | None)
    return f"{eye.answer.value}: {grade.word}, {grade.interval_db[0]:.1f} to {grade.interval_db[1]:.1f} dB"


def delivered(scan: ScanResult, eye: EyeResult) -> tuple[str, NDArray[np.uint8]]:
    """A document and a picture of a result."""
    assert_type(scan.to_dict(), dict[str, Any])
    assert_type(eye.to_dict(), dict[str, Any])
    assert_type(scan.to_json(), str)
    assert_type(scan.overlay(), NDArray[np.uint8])
    return eye.to_json(indent=2), scan.overlay()


def stopped_by_another_thread(paths: list[Path], frame: NDArray[np.uint8]) -> EyeResult | None:
    """Every call can be stopped."""
    analyzer, cancel = CataractAnalyzer(), threading.Event()
    try:
        assert_type(analyzer.analyze(paths[0], cancel=cancel), ScanResult)
        assert_type(analyzer.analyze_pixels(frame, cancel=cancel), ScanResult)
        return analyzer.analyze_exam(paths, Laterality.OS, cancel=cancel)
    except AnalysisCancelledError as error:
        assert_type(error.exit_code, int)
        return None
