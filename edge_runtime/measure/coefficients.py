"""The numbers behind grade, kinds, evidence and scatter: fitted to simulated eyes, kept in the model file."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import ModelIncompatibleError
from edge_runtime.model.metadata import EXPORT_MODEL

from .cataract_evidence import TERMS as CATARACT_TERMS
from .cataract_evidence import CataractScale, cataract_terms
from .grade import AGE_TERMS, EVIDENCE_TERMS, STEP_WORDS, TERMS, GradeScale
from .kind_evidence import KINDS, KindScale
from .repeatability import FRACTION_EDGES, Repeatability
from .scatter import ExcessTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .eye_measures import EyeMeasures
    from .grade import Grade

_KIND_TERMS, _KIND_EVIDENCE_TERMS = 7, 2


@dataclass(frozen=True, slots=True)
class MeasureCoefficients:
    """What a model knows beyond its weights.

    Attributes
    ----------
    grade, grade_with_age
        Nuclear grade without and with the patient's age.
    kinds
        Evidence for each kind of cataract.
    excess
        From log-odds of cataract to excess of scatter.
    repeatability
        How far the Cataract Fraction moves between exams.
    cataract
        Evidence of a cataract of any kind; None in models before edge 0.5.1, and without a second head.
    fitted_on
        The eyes they were fitted to, in one line.
    pictures_sha256
        Hash of the pictures of those eyes.
    """

    grade: GradeScale
    grade_with_age: GradeScale
    kinds: KindScale
    excess: ExcessTable
    repeatability: Repeatability
    fitted_on: str
    pictures_sha256: str
    cataract: CataractScale | None = None

    @property
    def origin(self) -> dict[str, str]:
        """What they were fitted to, for a reader."""
        return {"fitted_on": self.fitted_on, "pictures_sha256": self.pictures_sha256}

    def cataract_evidence(self, eye: EyeMeasures, grade: Grade, fractions: Sequence[float]) -> float | None:
        """Evidence of a cataract of any kind, 0 to 1; None without a scale, or where a term cannot be measured."""
        if self.cataract is None:
            return None
        terms = cataract_terms(eye, grade, fractions)
        return None if terms is None else self.cataract.evidence(terms)

    def to_json(self) -> str:
        """One line of JSON, as a model's metadata keeps it."""
        return json.dumps(asdict(self), separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> MeasureCoefficients:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            When it is malformed, incomplete, or holds numbers that are not finite.
        """
        try:
            value = json.loads(text)
            more = len(value["grade"]["weights"]) > len(TERMS)  # of a network with a second head
            terms = len(TERMS) + more * len(EVIDENCE_TERMS)
            kind_terms = _KIND_TERMS + more * _KIND_EVIDENCE_TERMS
            found = cls(
                grade=_grade_scale(value["grade"], terms),
                grade_with_age=_grade_scale(value["grade_with_age"], terms + len(AGE_TERMS)),
                kinds=KindScale({kind: _numbers(value["kinds"]["weights"][kind], kind_terms) for kind in KINDS}),
                excess=_excess_table(value["excess"]),
                repeatability=Repeatability(_numbers(value["repeatability"]["deviations"], len(FRACTION_EDGES) + 1)),
                fitted_on=str(value["fitted_on"]),
                pictures_sha256=str(value["pictures_sha256"]),
                cataract=_cataract_scale(value.get("cataract")),
            )
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"the coefficients of the measures are incomplete: {error}") from error
        return found


@lru_cache(maxsize=4)
def coefficients_of(text: str) -> MeasureCoefficients | None:
    """The coefficients in a model's metadata; None where a model has none (an empty text).

    Raises
    ------
    ValueError
        When they are malformed.
    """
    return MeasureCoefficients.from_json(text) if text else None


def check_coefficients(text: str) -> None:
    """Refuse a model whose coefficients cannot be read.

    Raises
    ------
    ModelIncompatibleError
        ``model-metadata``.
    """
    try:
        coefficients_of(text)
    except ValueError as error:
        raise ModelIncompatibleError(
            "model-metadata", f"The coefficients of its measures are malformed: {error}.", EXPORT_MODEL
        ) from error


def _grade_scale(value: Any, terms: int) -> GradeScale:
    return GradeScale(_numbers(value["weights"], terms), _numbers(value["deviations_db"], len(STEP_WORDS)))


def _cataract_scale(value: Any) -> CataractScale | None:
    return None if value is None else CataractScale(_numbers(value["weights"], len(CATARACT_TERMS)))


def _excess_table(value: Any) -> ExcessTable:
    log_odds = _numbers(value["log_odds"])
    if len(log_odds) < 2 or any(after <= before for before, after in itertools.pairwise(log_odds)):
        raise ValueError("the table from log-odds to excess does not increase")
    return ExcessTable(log_odds, _numbers(value["excess_db"], len(log_odds)))


def _numbers(values: Any, count: int | None = None) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    if (count is not None and len(numbers) != count) or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{count or 'some'} finite numbers were expected, got {len(numbers)}")
    return numbers
