"""Seeds by name: the same keys give the same draws, whatever the order of the work and the number of processes."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(*keys: str | int) -> np.random.Generator:
    """Make a generator that depends on the keys alone, for example (cohort, patient, eye, exam, scan, purpose)."""
    text = "\x1f".join(str(key) for key in keys)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([int(word) for word in words])))


def correlated(shared: float, own: float, correlation: float) -> float:
    """A standard normal latent of one eye: the patient's part and the eye's own part, with this correlation of eyes."""
    return float(np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * own)
