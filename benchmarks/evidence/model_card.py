"""Write MODEL_CARD.md from the bundled model, its checkpoint and the study.

python -m benchmarks.evidence.model_card
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from benchmarks.evidence.committed import Committed, RealScans
from benchmarks.evidence.templates import fill
from edge_runtime import CataractAnalyzer
from edge_runtime.measure.decision import OperatingPoint
from train.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "MODEL_CARD.md"
CHECKPOINTS = ROOT / "train" / "checkpoints"
NATIVE_PITCH_UM = 7.675  # of the profile that the model was trained for


def main() -> int:
    """Write the card."""
    PAGE.write_text(card(Committed.read()), encoding="utf-8")
    return 0


def card(committed: Committed) -> str:
    """Return the card of the bundled models as Markdown."""
    models = {precision: CataractAnalyzer(precision=precision).network for precision in ("fp32", "int8")}
    model = models["int8"].metadata
    checkpoint = load_checkpoint(next(CHECKPOINTS.iterdir())).metadata
    point = checkpoint.operating_point
    deployed = OperatingPoint(model.cf_threshold, model.guard_band)
    return fill(
        "model_card.md.j2",
        model=model,
        sha256={precision: network.sha256 for precision, network in models.items()},
        guard_band=deployed.guard_band,
        band=deployed.band,
        network=checkpoint.network,
        recipe=tomllib.loads(checkpoint.recipe),
        held_out="none" if point is None else point.method,
        native_pitch_um=NATIVE_PITCH_UM,
        study=committed.study,
        real=RealScans.of(committed.measures["real_scans"]),
    )


if __name__ == "__main__":
    sys.exit(main())
