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
    names = ", ".join(printable(scan.scan.source) or "frame" for scan in eye.scans)
    judgement = eye.judgement
    if judgement.cataract_fraction is None:
        reasons = sorted({reason for scan in eye.scans for reason in scan.reasons})
        head = f"{names}: not graded ({', '.join(reasons)})"
    else:
        side = "at or above" if judgement.margin is not None and judgement.margin >= 0 else "below"
        border = ", BORDERLINE" if judgement.borderline else ""
        head = (
            f"{names}: {judgement.decision.value}{border}\n"
            f"  Cataract Fraction {judgement.cataract_fraction:.3f}, {side} the threshold {eye.point.cf_threshold:.3f}"
        )
        if eye.scans_expected > 1:
            head += f"\n  mean of {eye.scans_used} of {eye.scans_expected} radial scans"
    if any(is_bundled_sample(scan.scan.sha256) for scan in eye.scans):
        head += f"\n  {SAMPLE_NOTE}: a simulated scan that comes with the program"
    lines = [head, *(f"  note: {notice.message} [{notice.code}]" for notice in eye.notices)]
    model = eye.model
    trained_on = model.trained_on.partition(":")[0].rstrip(".")
    origin = printable(f"Model {model.name} {model.version} ({model.precision}), trained on {trained_on}.")
    lines.append(f"  {origin} {DISCLAIMER}")
    return "\n".join(lines)
