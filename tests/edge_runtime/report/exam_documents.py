"""Documents of exams by what a comparison looks at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge_runtime.report.document import SCHEMA


def exam_document(fraction: float | None = 0.3, aside: float = 0.03, **eye: Any) -> dict[str, Any]:
    """The document of one exam; `aside` is half the width of its band, and `eye` changes entries of the eye."""
    return {
        "schema": SCHEMA,
        "created": "2026-01-31T10:11:12Z",
        "model": {"name": "edge", "version": "0.3.1", "precision": "int8", "sha256": "a" * 64},
        "eye": {
            "laterality": "OD",
            "answer": "refer",
            "answer_reasons": ["cataract-fraction"],
            "cataract_fraction": fraction,
            "cataract_fraction_band": None if fraction is None else [max(0.0, fraction - aside), fraction + aside],
            "grade": {"word": "mild", "value_db": 2.0, "interval_db": [0.5, 3.5]},
            **eye,
        },
        "scans": [{"sha256": f"{int(1000 * (fraction or 0)):064x}"}, {"sha256": None}],
    }


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path
