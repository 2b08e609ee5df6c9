"""What a result says of the model that computed it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .predictor import Predictor


def without_people(training_data: str) -> str:
    """What a model learnt from, so that nobody takes simulated eyes for people: "0 patients, 700 simulated"."""
    if not training_data.startswith("simulated"):
        return training_data
    return re.sub(r"\b(\d+) patients\b", r"0 patients, \1 simulated", training_data)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model computed a result, and what it learnt from.

    Attributes
    ----------
    name, version, precision, trained_on
        What the model's metadata say.
    sha256
        Hash of the model's bytes.
    threads
        Inference threads that were used.
    measures
        Coefficients of grade, kinds, evidence and scatter, as the model's metadata keep them; "" without.
    doubts
        Why nobody should rely on its threshold; "" without a doubt.
    look_sha256
        Hash of the look over the whole frame that comes before it; "" without one.
    """

    name: str
    version: str
    precision: str
    trained_on: str
    sha256: str
    threads: int
    measures: str = ""
    doubts: str = ""
    look_sha256: str = ""

    @classmethod
    def of(cls, network: Predictor, look_sha256: str = "") -> ModelFacts:
        """The facts of a loaded network, and of the look that comes before it."""
        metadata = network.metadata
        return cls(
            name=metadata.name,
            version=metadata.version,
            precision=metadata.precision,
            trained_on=without_people(metadata.training_data),
            sha256=network.sha256,
            threads=network.threads,
            measures=metadata.measures,
            doubts=metadata.doubts,
            look_sha256=look_sha256,
        )
