"""Write MODEL_CARD.md from the bundled model, its checkpoint and the study.

python -m benchmarks.evidence.model_card
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benchmarks.evidence.committed import Committed, RealScans
from benchmarks.evidence.templates import fill
from edge_runtime import CataractAnalyzer
from edge_runtime.measure.coefficients import coefficients_of
from edge_runtime.measure.decision import OperatingPoint
from train.checkpoint import load_checkpoint
from train.phantom.cohorts.dataset import CohortStamp

if TYPE_CHECKING:
    from edge_runtime.model.metadata import ModelMetadata
    from train.checkpoint import CheckpointMetadata

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "MODEL_CARD.md"
CHECKPOINTS = ROOT / "train" / "checkpoints"
RECIPES = ROOT / "train" / "recipes"
NATIVE_PITCH_UM = 7.675  # of the profile that the model was trained for


@dataclass(frozen=True, slots=True)
class Origin:
    """What the commands need that make a model again, as its files say it.

    Attributes
    ----------
    recipe
        Path in the repository of the recipe that the checkpoint holds.
    scans, threshold, measures
        Cohorts that it was trained on, that fixed its threshold, and that the coefficients of its measures were fitted
        to.
    """

    recipe: str
    scans: tuple[CohortStamp, ...]
    threshold: tuple[CohortStamp, ...]
    measures: tuple[CohortStamp, ...]

    @classmethod
    def of(cls, model: ModelMetadata, checkpoint: CheckpointMetadata) -> Self:
        """Read it; StopIteration where no committed recipe is that of the checkpoint."""
        held = tomllib.loads(checkpoint.recipe)
        recipe = next(path for path in sorted(RECIPES.glob("*.toml")) if tomllib.loads(path.read_text("utf-8")) == held)
        coefficients = coefficients_of(model.measures)
        return cls(
            recipe=recipe.relative_to(ROOT).as_posix(),
            scans=CohortStamp.described(checkpoint.training_data),
            threshold=CohortStamp.described(model.cf_threshold_method),
            measures=() if coefficients is None else CohortStamp.described(coefficients.fitted_on),
        )


def main() -> int:
    """Write the card."""
    PAGE.write_text(card(Committed.read()), encoding="utf-8")
    return 0


def card(committed: Committed) -> str:
    """Return the card of the bundled models as Markdown."""
    models = {precision: CataractAnalyzer(precision=precision).network for precision in ("fp32", "int8")}
    model = models["int8"].metadata
    path = next(CHECKPOINTS.iterdir())
    checkpoint = load_checkpoint(path).metadata
    point = checkpoint.operating_point
    deployed = OperatingPoint(model.cf_threshold, model.guard_band)
    return fill(
        "model_card.md.j2",
        model=model,
        sha256={precision: network.sha256 for precision, network in models.items()},
        guard_band=deployed.guard_band,
        band=deployed.band,
        network=checkpoint.network,
        checkpoint=path.name,
        renumbered=model.version != checkpoint.version,
        recipe=tomllib.loads(checkpoint.recipe),
        origin=Origin.of(model, checkpoint),
        held_out="none" if point is None else point.method,
        native_pitch_um=NATIVE_PITCH_UM,
        study=committed.study,
        real=RealScans.of(committed.measures["real_scans"]),
    )


if __name__ == "__main__":
    sys.exit(main())
