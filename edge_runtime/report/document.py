"""Results to the document that is stored and exchanged (schema ``edge-cataract/result/1``)."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.machine.processor import instruction_set
from edge_runtime.version import __version__

if TYPE_CHECKING:
    from edge_runtime.model.predictor import Predictor
    from edge_runtime.results import EyeResult, ScanResult

SCHEMA = "edge-cataract/result/1"
DISCLAIMER = "Research use only. Not a medical device."
SCHEMA_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "schema", "result-1.json")


def document(eye: EyeResult, network: Predictor, created: str) -> dict[str, Any]:
    """The result document of one eye.

    Parameters
    ----------
    created
        UTC time of the analysis, ISO 8601 with a final ``Z``.

    Returns
    -------
    dict
        Valid against `SCHEMA_FILE`. An undefined number is None, never 0 and never NaN.
    """
    judgement = eye.judgement
    return {
        "schema": SCHEMA,
        "created": created,
        "tool": {"name": "edge-cataract", "version": __version__},
        "model": model_facts(network),
        "runtime": runtime_facts(network),
        "eye": {
            "laterality": None if eye.laterality is None else eye.laterality.value,
            "cataract_fraction": judgement.cataract_fraction,
            "cataract_fraction_sd": judgement.cataract_fraction_sd,
            "scans_used": eye.scans_used,
            "scans_expected": eye.scans_expected,
            "threshold": eye.point.cf_threshold,
            "margin": judgement.margin,
            "decision": judgement.decision.value,
            "borderline": judgement.borderline,
        },
        "scans": [_scan(scan) for scan in eye.scans],
        "warnings": [{"code": notice.code, "message": notice.message} for notice in eye.notices],
        "disclaimer": DISCLAIMER,
    }


def model_facts(network: Predictor) -> dict[str, str]:
    """Which model computed the result, and what it learnt from."""
    metadata = network.metadata
    return {
        "name": metadata.name,
        "version": metadata.version,
        "sha256": network.sha256,
        "precision": metadata.precision,
        "trained_on": metadata.training_data,
    }


def runtime_facts(network: Predictor) -> dict[str, str | int]:
    """What the result was computed with."""
    import cv2

    from edge_runtime.model.network import PROVIDERS, onnxruntime

    return {
        "onnxruntime": onnxruntime().__version__,
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "provider": PROVIDERS[0],
        "threads": network.threads,
        "isa": instruction_set(),
    }


def _scan(result: ScanResult) -> dict[str, Any]:
    timings = result.timings_ms
    return {
        "source": result.scan.source,
        "sha256": result.scan.sha256,
        "rows": result.scan.rows,
        "columns": result.scan.columns,
        "profile": result.profile,
        "gradable": result.gradable,
        "reasons": list(result.reasons),
        "lens_px": result.pixels.lens,
        "cataract_px": result.pixels.cataract,
        "cataract_fraction": result.cataract_fraction,
        "lens_density": result.lens_density,
        "timings_ms": {
            "read": timings.read,
            "prepare": timings.prepare,
            "infer": timings.infer,
            "measure": timings.measure,
        },
    }


def to_json(content: dict[str, Any], *, indent: int | None = None) -> str:
    """Strict JSON in ASCII: no NaN, no infinity, no bytes that a terminal could misread."""
    return json.dumps(content, allow_nan=False, indent=indent)
