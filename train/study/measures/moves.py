"""How far the numbers of one eye move: between exams, between displays, and from one cohort to another."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import roc_auc_score

from edge_runtime.measure.answer import DOUBTS
from train.study import repeatability

from .figures_of_merit import grade_of, rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edge_runtime.measure.coefficients import MeasureCoefficients

    from .measured_eyes import MeasuredEye

HIGH_PERCENT = 95


def moves_of(eyes: Sequence[MeasuredEye], coefficients: MeasureCoefficients) -> dict[str, Any] | None:
    """Within-eye spread of fraction and grade over all exams of an eye, or displays of one exposure.

    Returns
    -------
    dict | None
        By "fraction" and "grade_db", and by group; None where no eye was examined twice.
    """
    members: dict[tuple[str, str], list[MeasuredEye]] = defaultdict(list)
    for eye in eyes:
        members[eye.facts.patient, eye.facts.eye].append(eye)
    exams = max(map(len, members.values()), default=0)
    whole = [visits for visits in members.values() if len(visits) == exams]
    if exams < 2:
        return None
    found: dict[str, Any] = {"exams": exams}
    for name, value in _values(coefficients).items():
        for group in ("clear", "cataract"):
            table = _table([visits for visits in whole if visits[0].facts.group == group], value)
            if len(table):
                found.setdefault(name, {})[group] = _spread(table)
        everything = _table(whole, value)
        if len(everything):
            found[name]["all"] = _spread(everything)
    return found


def moved_between(
    here: Sequence[MeasuredEye], there: Sequence[MeasuredEye], coefficients: MeasureCoefficients
) -> dict[str, Any]:
    """The same eyes in two cohorts: how far fraction and grade move, and what that costs among eyes not flagged.

    Parameters
    ----------
    here, there
        Eyes of both cohorts; those of the same patient, side and exam are compared.
    """
    partners = {_place(eye): eye for eye in there}
    pairs = [(eye, partners[_place(eye)]) for eye in here if _place(eye) in partners]
    found: dict[str, Any] = {"eyes": len(pairs)}
    for name, value in _values(coefficients).items():
        both = [(value(eye), value(twin)) for eye, twin in pairs]
        moved = [abs(one - other) for one, other in both if one is not None and other is not None]
        high = np.percentile(moved, HIGH_PERCENT) if moved else None
        span = _span([twin for _, twin in pairs], value)
        found[name] = {
            "eyes": len(moved),
            "moved_95": None if high is None else rounded(high),
            "span": None if span is None else rounded(span),
            "moved_95_of_span": None if high is None or not span else rounded(high / span),
        }
    unflagged = [pair for pair in pairs if not flagged(pair[0])]
    found["flagged_share"] = rounded(1 - len(unflagged) / len(pairs)) if pairs else None
    found["unflagged"] = {
        "eyes": len(unflagged),
        "auc": _auc([eye for eye, _ in unflagged]),
        "auc_of_partners": _auc([twin for _, twin in unflagged]),
    }
    return found


def flagged(eye: MeasuredEye) -> bool:
    """Whether a warning puts the number of this eye in doubt."""
    return bool(DOUBTS.intersection(eye.notices))


def _values(coefficients: MeasureCoefficients) -> dict[str, Callable[[MeasuredEye], float | None]]:
    def grade(eye: MeasuredEye) -> float | None:
        found = grade_of(eye, coefficients)
        return None if found is None else found.value_db

    return {"fraction": lambda eye: eye.cataract_fraction, "grade_db": grade}


def _place(eye: MeasuredEye) -> tuple[str, str, int]:
    return eye.facts.patient, eye.facts.eye, eye.facts.exam


def _table(
    visits: Sequence[Sequence[MeasuredEye]], value: Callable[[MeasuredEye], float | None]
) -> NDArray[np.float64]:
    """(eyes, exams) of the eyes that have the value at every exam."""
    rows = [[value(eye) for eye in exams] for exams in visits]
    return np.array([row for row in rows if None not in row], np.float64)


def _spread(values: NDArray[np.float64]) -> dict[str, float | int | None]:
    return {
        "eyes": len(values),
        "mean": rounded(values.mean()),
        "within_eye_sd": rounded(repeatability.within_eye_sd(values)),
        "range_95": rounded(np.percentile(repeatability.ranges(values), HIGH_PERCENT)),
    }


def _span(eyes: Sequence[MeasuredEye], value: Callable[[MeasuredEye], float | None]) -> float | None:
    """Median of the cataract eyes minus median of the clear ones; None without one of them."""
    values = {
        group: [found for eye in eyes if eye.facts.group == group and (found := value(eye)) is not None]
        for group in ("clear", "cataract")
    }
    return median(values["cataract"]) - median(values["clear"]) if all(values.values()) else None


def _auc(eyes: Sequence[MeasuredEye]) -> float | None:
    graded = [
        (eye.facts.group == "cataract", eye.cataract_fraction) for eye in eyes if eye.cataract_fraction is not None
    ]
    if len({group for group, _ in graded}) < 2:
        return None
    return rounded(roc_auc_score([group for group, _ in graded], [fraction for _, fraction in graded]))
