"""What is written above and below an overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.codes import ADVICE
from edge_runtime.printable import drawable

from .advice import reasons_to_show, without_contradiction
from .bundled_samples import SAMPLE_NOTE, is_bundled_sample
from .document import DISCLAIMER

if TYPE_CHECKING:
    from edge_runtime.results import ScanResult
    from edge_runtime.scan import Laterality

MAX_NAME = 60


def header_lines(result: ScanResult, laterality: Laterality | None, day: str) -> list[str]:
    """Which scan this is, what was found by which rule, and which model says so on which day."""
    known = result.scan.laterality
    eye = laterality or (known.value if known else None)
    name = short_name(result.scan.source or "frame")
    model, point = result.model, result.judgement.point
    low, high = point.band
    rule = f"threshold {point.cf_threshold:.3f}, borderline from {low:.3f} to {high:.3f}"
    return [
        f"{eye.value + '  ' if eye else ''}{name}  (sha256 {result.scan.sha256[:12]})",
        f"{_finding(result)}  {rule}",
        f"Model {short_name(model.name)} {short_name(model.version)} ({model.precision})  {day}",
    ]


def footer_lines(result: ScanResult) -> list[str]:
    """The legend, and what the result must not be taken for."""
    trained_on = short_name(result.trained_on.partition(":")[0].rstrip("."))
    sample = f"SIMULATED {SAMPLE_NOTE}. " if is_bundled_sample(result.scan.sha256) else ""
    return [
        "White line: lens. Black line in white: the pixels that are counted as cataract.",
        f"{sample}Model trained on {trained_on}. {DISCLAIMER}",
    ]


def zone_legend(*, drawn: bool) -> list[str]:
    """What the lines of the zones are; or that there are none, because the lens has no outline that a lens can have."""
    if not drawn:
        return ["Zones of the lens: not measured in this scan."]
    return ["Orange lines: borders of nucleus, cortex (front, back) and the layers below the capsule (front, back)."]


def short_name(text: str) -> str:
    """Text as it can be drawn; a long one loses its middle."""
    escaped = drawable(text)
    half = (MAX_NAME - 3) // 2
    return escaped if len(escaped) <= MAX_NAME else f"{escaped[:half]}...{escaped[-half:]}"


def _finding(result: ScanResult) -> str:
    judgement = result.judgement
    if judgement.cataract_fraction is None:
        words = without_contradiction(reasons_to_show(result.reasons))
        advice = " ".join(dict.fromkeys(ADVICE[word] for word in words))
        return f"NOT GRADED: {', '.join(result.reasons)}. {advice}{_before(result)}"
    border = " BORDERLINE" if judgement.borderline else ""
    return f"{judgement.decision.value}{border}  Cataract Fraction {judgement.cataract_fraction:.3f}{_before(result)}"


def _before(result: ScanResult) -> str:
    """What the model itself found, where a person corrected its labels."""
    if result.correction is None:
        return ""
    fraction = result.correction.before.cataract_fraction
    return f"  CORRECTED BY A PERSON (model: {'not graded' if fraction is None else format(fraction, '.3f')})"
