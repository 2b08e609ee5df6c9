"""Know the bundled samples by their content, so that their results are never taken for a patient's."""

from __future__ import annotations

import json
import os
from functools import cache

SAMPLE_NOTE = "SAMPLE, NOT A PATIENT"
_GOLDEN = os.path.join(os.path.dirname(os.path.dirname(__file__)), "samples", "golden.json")


def is_bundled_sample(sha256: str) -> bool:
    """Whether a file with this sha256 is one of the simulated scans that come with the program, whatever its name."""
    return sha256 in _digests()


@cache
def _digests() -> frozenset[str]:
    """Digests of the bundled samples; none where the list of them is missing or damaged, as `selftest` will say."""
    try:
        with open(_GOLDEN, encoding="utf-8") as file:
            return frozenset(scan["sha256"] for scan in json.load(file)["scans"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
