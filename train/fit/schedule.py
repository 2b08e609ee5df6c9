"""How the learning rate changes: shares of the full one, by the number of the step, counted from 0."""

from __future__ import annotations

import math


def warmed_up(step: int, warm_up_steps: int) -> float:
    """Share that rises evenly to 1 over the first steps, and stays there."""
    return min(1.0, (step + 1) / (warm_up_steps + 1))


def cosine(step: int, warm_up_steps: int, steps: int) -> float:
    """Share that rises as `warmed_up`, then falls to 0 at the last step by half a cosine (Loshchilov 2017)."""
    done = max(0, step - warm_up_steps) / max(1, steps - warm_up_steps)
    return warmed_up(step, warm_up_steps) * 0.5 * (1 + math.cos(math.pi * done))
