"""Results to the document that is stored and exchanged (schema ``edge-cataract/result/1``)."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.look.tissues import Picture
from edge_runtime.machine.processor import instruction_set
from edge_runtime.measure.quality import ALTERED, NOT_GRADED
from edge_runtime.results import ModelFacts, ScanResult
from edge_runtime.version import __version__

if TYPE_CHECKING:
    from edge_runtime.measure.eye_measures import EyeMeasures
    from edge_runtime.measure.findings import Findings
    from edge_runtime.model.predictor import Predictor
    from edge_runtime.results import EyeResult, UnreadableScan

SCHEMA = "edge-cataract/result/1"
GRADE_DIGITS = 3  # of a decibel: on ARM the probabilities of fp32 move the sixth
PAPER_THRESHOLD = 0.14  # Zeboulon et al. 2022, for the fraction that a network in the paper's manner finds
DISCLAIMER = "Research use only. Not a medical device."
SCHEMA_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "schema", "result-1.json")


def document(eye: EyeResult, network: object = None, created: str | None = None) -> dict[str, Any]:
    """The result document of one eye.

    Parameters
    ----------
    eye
        The result; it knows its model.
    network
        Not needed: accepted for programs that were written when a result did not know its model.
    created
        UTC time of the analysis, ISO 8601 with a final ``Z``; None: now.

    Returns
    -------
    dict
        Valid against `SCHEMA_FILE`. An undefined number is None, never 0 and never NaN.
    """
    return {
        "schema": SCHEMA,
        "created": created or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "tool": {"name": "edge-cataract", "version": __version__},
        "model": _model(eye.model),
        "runtime": _runtime(eye.model.threads),
        "eye": _eye(eye),
        "scans": [_scan(entry) if isinstance(entry, ScanResult) else _unreadable(entry) for entry in eye.entries],
        "warnings": [
            {"code": notice.code, "message": notice.message, "source": notice.source} for notice in eye.notices
        ],
        "disclaimer": DISCLAIMER,
    }


def _eye(eye: EyeResult) -> dict[str, Any]:
    judgement = eye.judgement
    content = {
        "laterality": None if eye.laterality is None else eye.laterality.value,
        "cataract_fraction": judgement.cataract_fraction,
        "cataract_fraction_sd": judgement.cataract_fraction_sd,
        "scans_used": eye.scans_used,
        "scans_expected": eye.scans_expected,
        "threshold": eye.point.cf_threshold,
        "margin": judgement.margin,
        "decision": judgement.decision.value,
        "borderline": judgement.borderline,
        **_findings(eye.findings),
    }
    if eye.before is not None:
        corrected = sum(scan.correction is not None for scan in eye.scans)
        content["corrected"] = {"scans": corrected, "before": _eye(eye.before)}
    return content


def model_facts(network: Predictor) -> dict[str, str]:
    """Which model a loaded network is, and what it learnt from."""
    return _model(ModelFacts.of(network))


def runtime_facts(network: Predictor) -> dict[str, str | int]:
    """Versions, processor and threads that a loaded network computes with."""
    return _runtime(network.threads)


def _model(model: ModelFacts) -> dict[str, str]:
    return {
        "name": model.name,
        "version": model.version,
        "sha256": model.sha256,
        "precision": model.precision,
        "trained_on": model.trained_on,
        **({"doubts": model.doubts} if model.doubts else {}),
        **({"look_sha256": model.look_sha256} if model.look_sha256 else {}),
    }


def _runtime(threads: int) -> dict[str, str | int]:
    import cv2

    from edge_runtime.machine.libraries import load_onnxruntime
    from edge_runtime.model.session import PROVIDERS

    return {
        "onnxruntime": load_onnxruntime().__version__,
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "provider": PROVIDERS[0],
        "threads": threads,
        "isa": instruction_set(),
    }


def _findings(found: Findings) -> dict[str, Any]:
    """What the lens shows beyond the fraction; null where it could not be measured."""
    measures, grade = found.measures, found.grade
    content: dict[str, Any] = {
        "answer": found.conclusion.answer.value,
        "answer_reasons": list(found.conclusion.reasons),
        "cataract_fraction_range": None,
        "cataract_fraction_leave_one_out": _rounded_all(found.leave_one_out),
        "cataract_fraction_band": _rounded_all(found.band),
        "paper_fraction": None,
        "paper_threshold": PAPER_THRESHOLD,
        "grade": None,
        "kinds": None if found.kinds is None else {kind: _rounded(share) for kind, share in found.kinds.items()},
        "cataract_evidence": _rounded(found.cataract_evidence),
        "areas": None,
        "zones": None,
        **dict.fromkeys(("optical_depth", "forward_scatter", "lens_thickness_mm", "lens_density_own_scale")),
        "vault_um": None,
    }
    if grade is not None:
        content["grade"] = {
            "value_db": round(grade.value_db, GRADE_DIGITS),
            "step": grade.step,
            "word": grade.word,
            "interval_db": [round(end, GRADE_DIGITS) for end in grade.interval_db],
        }
    return content if measures is None else content | _measured(measures)


def _measured(measures: EyeMeasures) -> dict[str, Any]:
    areas = measures.areas
    return {
        "cataract_fraction_range": _rounded_all(measures.fraction_range),
        "areas": {
            "posterior_subcapsular_3mm": _rounded(areas.posterior_3mm),
            "posterior_subcapsular_5mm": _rounded(areas.posterior_5mm),
            "anterior_subcapsular_3mm": _rounded(areas.anterior_3mm),
            "anterior_subcapsular_5mm": _rounded(areas.anterior_5mm),
        },
        "zones": {
            name: {"fraction": _rounded(zone.fraction), "density": _rounded(zone.density)}
            for name, zone in measures.zones.items()
        },
        "optical_depth": _rounded(measures.optical_depth),
        "forward_scatter": _rounded(measures.forward_scatter),
        "lens_thickness_mm": _rounded(measures.thickness_mm),
        "lens_density_own_scale": _rounded(measures.density),
        "paper_fraction": None if measures.evidence is None else _rounded(measures.evidence.paper_fraction),
    }


def _rounded(value: float | None) -> float | None:
    """Six decimals: processors differ in the last digits of a logarithm."""
    return None if value is None else round(value, 6)


def _rounded_all(values: tuple[float, ...] | None) -> list[float | None] | None:
    return None if values is None else [_rounded(value) for value in values]


def _unreadable(entry: UnreadableScan) -> dict[str, Any]:
    """The entry of a scan that could not be read or labelled: nothing is known of it but why."""
    unknown = (
        "sha256", "rows", "columns", "profile", "picture", "pitch_um", "meridian_deg", "laterality", "meridian_origin",
        "laterality_origin", "lens_px", "cataract_px", "cataract_fraction", "lens_density",
    )  # fmt: skip
    return {
        "source": entry.source,
        "gradable": False,
        "reasons": [entry.error.word],
        **dict.fromkeys(unknown),
        "timings_ms": {"read": 0, "prepare": 0, "infer": 0, "measure": 0},
    }


def _scan(result: ScanResult) -> dict[str, Any]:
    scan, timings = result.scan, result.timings_ms
    return {
        "source": scan.source,
        "sha256": scan.sha256,
        "rows": scan.rows,
        "columns": scan.columns,
        "profile": result.profile,
        "picture": _picture(result),
        "pitch_um": _rounded_all(result.pitch_um),
        "meridian_deg": None if scan.meridian_deg is None else scan.meridian_deg.value,
        "laterality": None if scan.laterality is None else scan.laterality.value.value,
        "meridian_origin": None if scan.meridian_deg is None else scan.meridian_deg.origin.value,
        "laterality_origin": None if scan.laterality is None else scan.laterality.origin.value,
        **_counted(result),
        **_corrected(result),
        "timings_ms": {
            "read": timings.read,
            "prepare": timings.prepare,
            "infer": timings.infer,
            "measure": timings.measure,
        },
    }


def _counted(result: ScanResult) -> dict[str, Any]:
    return {
        "gradable": result.gradable,
        "reasons": list(result.reasons),
        "lens_px": result.pixels.lens,
        "cataract_px": result.pixels.cataract,
        "cataract_fraction": result.cataract_fraction,
        "lens_density": result.lens_density,
    }


def _corrected(result: ScanResult) -> dict[str, Any]:
    """What a person changed, and the numbers by the labels of the model; nothing where nobody did."""
    if (correction := result.correction) is None:
        return {}
    before = _counted(correction.before)
    return {"corrected": {"sha256": correction.sha256, "changed_px": correction.changed_px, "before": before}}


# Reasons of a look that are kinds of picture, too.
OTHER_PICTURES = {word: kind.value for kind, word in NOT_GRADED.items() if kind is not Picture.LENS_OUTSIDE}


def _picture(result: ScanResult) -> str | None:
    """What kind of picture it is, as far as the program can tell; None where it cannot."""
    words = {*result.reasons, *(notice.code for notice in result.notices)}
    others = words.intersection(OTHER_PICTURES)
    if others:
        return OTHER_PICTURES[others.pop()]
    if words & ALTERED:
        return "altered"
    if "phakic-implant" in words:
        return "phakic-implant"
    if "lens-mostly-outside" in words:
        return "lens-outside"
    return "natural-lens" if result.gradable else None


def to_json(content: dict[str, Any], *, indent: int | None = None) -> str:
    """Strict JSON in ASCII: no NaN, no infinity, no bytes that a terminal could misread."""
    return json.dumps(content, allow_nan=False, indent=indent)
