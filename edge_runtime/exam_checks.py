"""What speaks against scans being the radial scans of one eye, named scan by scan."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.frame.resample import at_8_bits
from edge_runtime.measure.quality import WITHOUT_NATURAL_LENS, Notice

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from .results import ScanResult
    from .scan import Laterality, Scan, ScanSource

# A scan whose fraction is further from the median of the exam is named; 1 to 7 % of simulated eyes have one.
MOST_APART = 0.2
# Scans whose small pictures correlate more are one scan that was saved twice (benchmarks/robustness/near_copies.py).
LEAST_ALIKE = 0.975
_SKETCH = (269, 228)  # columns, rows: an eighth of a frame, of which lossy compression and resizing leave the grain
_GRAIN = 2.0  # pixels of the sketch over which brightness is taken away
_LEAST_GRAIN = 0.01  # grey levels; below it there is rounding alone


def check_duplicates(scans: Sequence[ScanResult]) -> None:
    """Refuse a scan that was given twice, whatever the files are.

    Raises
    ------
    UsageError
        ``duplicate-scan``.
    """
    seen: dict[str, str] = {}
    for result in scans:
        levels = _recorded_levels(result.scan)
        digest = hashlib.sha256(repr(levels.shape).encode() + levels.tobytes()).hexdigest()
        first = seen.setdefault(digest, result.scan.source)
        if first is not result.scan.source:
            names = f"{first or 'one frame'} and {result.scan.source or 'another'}"
            raise UsageError("duplicate-scan", f"{names} are the same scan.", "Name each radial scan once.")


def _recorded_levels(scan: Scan) -> NDArray[Any]:
    """The pixels of a scan; those of 8 bits where it was saved from such a scan with more, such as 12 or 16."""
    if scan.bits == 8:
        return scan.pixels
    levels = at_8_bits(scan.pixels, 0.0, float(scan.full_scale))
    saved = np.rint(np.arange(256) * (scan.full_scale / 255)).astype(np.uint16)
    return levels if np.array_equal(saved[levels], scan.pixels) else scan.pixels


def contradictions(
    scans: Sequence[ScanResult], sources: Sequence[ScanSource], laterality: Laterality | None
) -> Iterator[Notice]:
    """Warnings about scans that may not belong to the eye.

    Parameters
    ----------
    scans
        The scans that were analysed.
    sources
        All scans as they were given, by their names with the folder in which they lie.
    laterality
        The eye that was named.
    """
    yield from _other_eyes(sources, laterality)
    yield from _several_exams([source.name for source in sources], laterality)
    yield from _other_lenses(scans)
    for result in scans:
        eye = result.scan.laterality
        if eye is not None and laterality is not None and eye.value is not laterality:
            yield Notice("other-eye", f"Its file says {eye.value.value}, not {laterality.value}.", result.scan.source)
    frames = Counter((result.profile, result.scan.rows, result.scan.columns, result.scan.bits) for result in scans)
    if len(frames) > 1:
        usual = frames.most_common(1)[0][0]
        for result in scans:
            own = (result.profile, result.scan.rows, result.scan.columns, result.scan.bits)
            if own != usual:
                yield Notice(
                    "other-frame",
                    f"It has {own[2]} x {own[1]} pixels, most have {usual[2]} x {usual[1]}.",
                    result.scan.source,
                )
    yield from _disagreements(scans)
    yield from near_copies(scans)


def _other_eyes(sources: Sequence[ScanSource], laterality: Laterality | None) -> Iterator[Notice]:
    if laterality is None:
        return
    for source in sources:
        said = source.named or _eye_by_name(source.name)
        if said not in (None, laterality):
            found = f"Its name says {said}, the eye was given as {laterality}."
            yield Notice("other-eye", found, os.path.basename(source.name))


def _eye_by_name(name: str) -> Laterality | None:
    """The eye that a file's name and its folder say; None when they say none, or both."""
    from edge_runtime.exams.names import eye_in  # a scan by itself needs no names

    holder, file = os.path.basename(os.path.dirname(name)), os.path.basename(name)
    said = {eye for part in (holder, os.path.splitext(file)[0]) if (eye := eye_in(part)) is not None}
    return said.pop() if len(said) == 1 else None


def _several_exams(names: Sequence[str], laterality: Laterality | None) -> Iterator[Notice]:
    """A warning where names tell several exams of the eye apart: words that count scans are other in each name."""
    from edge_runtime.exams.grouping import exams_by_eye

    eyes = [_eye_by_name(name) for name in names]
    said = [(os.path.abspath(name), eye) for name, eye in zip(names, eyes, strict=True) if eye is not None]
    known = [os.path.splitdrive(path)[1] for path, _ in said]  # paths on two drives have nothing in common
    if len(known) < 3:
        return
    root = os.path.commonpath([os.path.dirname(path) for path in known])
    exams = exams_by_eye(known, [eye for _, eye in said], root)
    for eye, counts in exams.items():
        if len(counts) > 1 and max(counts.values()) > 1 and laterality in (None, eye):
            yield Notice("several-exams", f"Names of its scans begin as those of {len(counts)} exams of {eye} do.")


def _other_lenses(scans: Sequence[ScanResult]) -> Iterator[Notice]:
    """A warning about an eye of which one scan shows its natural lens, and another an artificial lens or none."""
    others = [scan for scan in scans if not WITHOUT_NATURAL_LENS.isdisjoint(scan.reasons)]
    if others and any(scan.gradable for scan in scans):
        found = f"Of its scans {len(others)} {'show' if others[1:] else 'shows'} an artificial lens or none."
        yield Notice("other-lens", f"{found} No eye has that beside its natural lens.")


def _disagreements(scans: Sequence[ScanResult]) -> Iterator[Notice]:
    graded = [(scan, scan.cataract_fraction) for scan in scans if scan.cataract_fraction is not None]
    if len(graded) < 3:
        return
    middle = median(fraction for _, fraction in graded)
    for scan, fraction in graded:
        if abs(fraction - middle) > MOST_APART:
            found = f"Its fraction is {fraction:.3f}, the median of the exam {middle:.3f}."
            yield Notice("scans-disagree", found, scan.scan.source)


def near_copies(scans: Sequence[ScanResult]) -> Iterator[Notice]:
    """Warnings about scans that are one scan saved twice: as PNG and as JPEG, or once at another size."""
    sketches = [(scan.scan.source, sketch(scan.scan.pixels)) for scan in scans]
    for (first, one), (second, other) in combinations(sketches, 2):
        if likeness(one, other) > LEAST_ALIKE:
            yield Notice("near-copy", f"It shows the picture of {first or 'another'}, saved again.", second)


def sketch(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """The grain of a (rows, columns) picture in small, (228, 269) float32 of mean square 1, whatever its size."""
    import cv2

    small = cv2.resize(pixels, _SKETCH, interpolation=cv2.INTER_AREA).astype(np.float32)
    grain = small - cv2.GaussianBlur(small, (0, 0), _GRAIN)
    grain -= grain.mean()
    spread = float(np.sqrt(np.mean(grain * grain)))
    return np.asarray(grain / spread if spread > _LEAST_GRAIN else np.zeros_like(grain), np.float32)


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The correlation of two sketches, -1 to 1."""
    return float(np.mean(one * other))
