"""Results in a few lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.printable import printable

from .bundled_samples import SAMPLE_NOTE, is_bundled_sample
from .document import DISCLAIMER

if TYPE_CHECKING:
    from edge_runtime.results import EyeResult


def summary(eye: EyeResult) -> str:
    """Say what was found, how sure it is and which model says so, in a few lines for a person."""
    is_exam = eye.scans_expected > 1
    lines = [f"{_name(eye, is_exam=is_exam)}: {_finding(eye)}"]
    if eye.cataract_fraction is not None:
        side = "at or above" if (eye.judgement.margin or 0.0) >= 0 else "below"
        lines.append(
            f"  Cataract Fraction {eye.cataract_fraction:.3f}, {side} the threshold {eye.point.cf_threshold:.3f}"
        )
    if is_exam:
        lines += _scans(eye)
    if any(is_bundled_sample(scan.scan.sha256) for scan in eye.scans):
        lines.append(f"  {SAMPLE_NOTE}: a simulated scan that comes with the program")
    for notice in eye.notices:
        about = f"{printable(notice.source)}: " if is_exam and notice.source else ""
        lines.append(f"  note: {about}{printable(notice.message)} [{notice.code}]")
    model = eye.model
    trained_on = model.trained_on.partition(":")[0].rstrip(".")
    origin = printable(f"Model {model.name} {model.version} ({model.precision}), trained on {trained_on}.")
    if model.doubts:
        lines.append(f"  note: the threshold of this model is in doubt: {printable(model.doubts)}")
    lines.append(f"  {origin} {DISCLAIMER}")
    return "\n".join(lines)


def _name(eye: EyeResult, *, is_exam: bool) -> str:
    if is_exam:
        return eye.laterality.value if eye.laterality else "eye of unknown side"
    return ", ".join(printable(scan.scan.source) or "frame" for scan in eye.scans)


def _finding(eye: EyeResult) -> str:
    if eye.cataract_fraction is not None:
        return eye.decision.value + (", BORDERLINE" if eye.borderline else "")
    return f"not graded ({', '.join(sorted({reason for scan in eye.scans for reason in scan.reasons}))})"


def _scans(eye: EyeResult) -> list[str]:
    """How many scans stand behind the mean, how far they are apart, and what each of them says."""
    fractions = [scan.cataract_fraction for scan in eye.scans if scan.cataract_fraction is not None]
    lines = [f"  {len(eye.entries)} scans given, {eye.scans_expected} expected, {len(fractions)} graded"]
    if len(fractions) > 1:
        lines[0] += f"; SD {eye.cataract_fraction_sd:.3f}, range {min(fractions):.3f} to {max(fractions):.3f}"
    each = [
        f"{printable(scan.scan.source) or 'frame'} "
        + ("not graded" if scan.cataract_fraction is None else f"{scan.cataract_fraction:.3f}")
        for scan in eye.scans
    ]
    return [*lines, f"  {', '.join(each)}"]
