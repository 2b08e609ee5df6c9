"""Compare an exported model, run as a device runs it, with PyTorch: parity, or an error."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from edge_runtime.machine.libraries import load_onnxruntime
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.model.session import Session

from .errors import ParityError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from train.pipeline import Pipeline

# Two orders of summation in float32 through some twenty layers; a probability moves by less than this, a real fault
# by far more.
MAX_PROBABILITY_DRIFT = 1e-5
# Labels may differ where two classes are equally likely within that drift, and nowhere else but in one pixel of a
# million.
TIE_MARGIN = 2 * MAX_PROBABILITY_DRIFT
# Lens pixels from which one label cannot move the Cataract Fraction beyond its limit by itself.
MIN_LENS_PX_FOR_CF = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What an export may differ by; None where a number has no limit.

    Attributes
    ----------
    probability
        Largest difference of a probability.
    labels
        Share of pixels with another label where no two classes tie.
    cf, cf_99
        Difference of a Cataract Fraction: largest, and 99th percentile of inputs.
    lens_dice
        Least Dice of the lens between both.
    evidence
        Largest difference of a probability of the second head.
    """

    probability: float | None = None
    labels: float | None = None
    cf: float = 1e-4
    cf_99: float | None = None
    lens_dice: float | None = None
    evidence: float | None = None


LIMITS = {
    "fp32": Limits(probability=MAX_PROBABILITY_DRIFT, labels=1e-6, evidence=2 * MAX_PROBABILITY_DRIFT),
    "int8": Limits(cf=0.02, cf_99=0.01, lens_dice=0.99),
}


@dataclass(frozen=True, slots=True)
class Parity:
    """How far an exported model is from PyTorch.

    Attributes
    ----------
    inputs, pixels
        Compared inputs, and network-grid pixels over all of them.
    probability_drift
        Largest difference of a probability.
    labels_different, ties
        Pixels with another label, and those among them where two classes tie.
    cf_drift, cf_drift_99
        Largest difference of a Cataract Fraction over inputs with enough lens, and the 99th percentile; None without
        such an input.
    lens_dice
        Least Dice between both lenses over these inputs.
    cf_inputs
        Inputs with enough lens.
    evidence_drift, evidence_mean_drift
        Largest and mean difference of a probability of the second head; None without one.
    reference, engine
        Name and version of what was compared.
    """

    inputs: int
    pixels: int
    probability_drift: float
    labels_different: int
    ties: int
    cf_drift: float | None
    cf_drift_99: float | None
    lens_dice: float | None
    cf_inputs: int
    reference: str
    engine: str
    evidence_drift: float | None = None
    evidence_mean_drift: float | None = None

    def summary(self) -> dict[str, Any]:
        """Return the numbers as a dictionary."""
        return asdict(self)

    def require(self, limits: Limits = LIMITS["fp32"]) -> None:
        """Raise unless every limit is kept.

        Raises
        ------
        ParityError
            Naming the number that is out of its limit.
        """
        not_ties = self.labels_different - self.ties
        lens_lost = None if self.lens_dice is None else 1 - self.lens_dice
        asked = (
            ("probability drift", self.probability_drift, limits.probability),
            ("labels that differ without a tie", not_ties, limits.labels and limits.labels * self.pixels),
            ("Cataract Fraction drift", self.cf_drift, limits.cf),
            ("Cataract Fraction drift, 99th percentile,", self.cf_drift_99, limits.cf_99),
            ("1 - Dice of the lens", lens_lost, limits.lens_dice and 1 - limits.lens_dice),
            ("evidence drift", self.evidence_drift, limits.evidence),
        )
        for name, found, limit in asked:
            if found is not None and limit is not None and not found <= limit:
                raise ParityError(
                    "parity",
                    f"{name}: {found:.3g} was found, at most {limit:.3g} is allowed.",
                    "Nothing to try again: report this.",
                )


class _Arrays(NamedTuple):
    """`PipelineOutput` as NumPy arrays."""

    lens_probability: NDArray[np.float32]
    cataract_probability: NDArray[np.float32]
    labels: NDArray[np.uint8]
    lens_px: NDArray[np.int64]
    cataract_px: NDArray[np.int64]
    evidence: NDArray[np.float32] = np.zeros(0, np.float32)


def compare(pipeline: Pipeline, model: bytes, inputs: Iterable[NDArray[np.uint8]], *, threads: int = 1) -> Parity:
    """Run the pipeline and the exported model on the same inputs, and count where they differ.

    Parameters
    ----------
    pipeline
        The reference, in eval mode.
    model
        Serialised ONNX model.
    inputs
        (rows, columns) uint8 each.
    threads
        Threads of the session.

    Raises
    ------
    ParityError
        When shapes or types differ, a number is not finite, or the counts contradict the labels.
    ModelIncompatibleError, InferenceError, ResourceError
        As `Session`, when a device could not run the model either.
    """
    session, names = Session(model, threads), _Arrays._fields[: None if pipeline.stem else -1]
    count = pixels = different = ties = 0
    drift, moved, dice, evidence = 0.0, [], [], []
    for scan in inputs:
        with torch.inference_mode():
            expected = _Arrays(*(value.numpy() for value in pipeline(torch.from_numpy(scan))))
        found = _Arrays(*session.run(names, {"scan": scan}))
        _check_form(expected, found, scan.shape)
        count += 1
        pixels += found.labels.size
        for name in ("lens_probability", "cataract_probability"):
            drift = max(drift, float(np.abs(getattr(found, name) - getattr(expected, name)).max()))
        if pipeline.stem:
            aside = np.abs(found.evidence - expected.evidence)
            evidence.append((float(aside.max()), float(aside.mean())))
        changed = found.labels != expected.labels
        different += int(np.count_nonzero(changed))
        ties += int(np.count_nonzero(changed & _is_tie(expected)))
        if min(expected.lens_px, found.lens_px) >= MIN_LENS_PX_FOR_CF:
            fractions = [int(one.cataract_px) / int(one.lens_px) for one in (expected, found)]
            moved.append(abs(fractions[0] - fractions[1]))
            lenses = [one.labels != TissueLabel.BACKGROUND for one in (expected, found)]
            both = np.count_nonzero(lenses[0] & lenses[1])
            dice.append(2 * both / (int(expected.lens_px) + int(found.lens_px)))
    return Parity(
        inputs=count,
        pixels=pixels,
        probability_drift=drift,
        labels_different=different,
        ties=ties,
        cf_drift=max(moved, default=None),
        cf_drift_99=float(np.percentile(moved, 99)) if moved else None,
        lens_dice=min(dice, default=None),
        cf_inputs=len(moved),
        reference=f"torch {torch.__version__}",
        engine=f"onnxruntime {load_onnxruntime().__version__}",
        evidence_drift=max((largest for largest, _ in evidence), default=None),
        evidence_mean_drift=float(np.mean([mean for _, mean in evidence])) if evidence else None,
    )


def _check_form(expected: _Arrays, found: _Arrays, size: tuple[int, ...]) -> None:
    """Check that shapes and types agree, values are finite and in range, and counts follow from the labels."""

    def fail(what: str) -> ParityError:
        return ParityError("parity", f"At {size[0]} x {size[1]}: {what}.", "Nothing to try again: report this.")

    for name in _Arrays._fields:
        one, other = getattr(expected, name), getattr(found, name)
        if one.shape != other.shape or one.dtype != other.dtype:
            raise fail(f"{name} is {other.shape} {other.dtype}, {one.shape} {one.dtype} was expected")
    for name in ("lens_probability", "cataract_probability", "evidence"):
        values = getattr(found, name)
        if values.size and not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise fail(f"{name} leaves [0, 1]")
    lens = int(np.count_nonzero(found.labels != TissueLabel.BACKGROUND))
    cataract = int(np.count_nonzero(found.labels == TissueLabel.CATARACT))
    if (lens, cataract) != (int(found.lens_px), int(found.cataract_px)):
        raise fail(f"counts {int(found.lens_px)}, {int(found.cataract_px)} contradict the labels' {lens}, {cataract}")


def _is_tie(output: _Arrays) -> NDArray[np.bool_]:
    """Where the two likeliest classes are equally likely within the drift that is allowed."""
    background = 1 - output.lens_probability
    clear = output.lens_probability - output.cataract_probability
    ordered = np.sort(np.stack([background, clear, output.cataract_probability]), axis=0)
    tie: NDArray[np.bool_] = ordered[2] - ordered[1] <= TIE_MARGIN
    return tie
