"""How well a look names tissues and pictures, on frames of patients that it did not learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from edge_runtime.look.tissues import Tissue

from .frames import IGNORED
from .network import PICTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .batches import LookBatches
    from .frames import LookFrames
    from .network import LookNetwork

_AT_ONCE = 32


def judge_look(
    network: LookNetwork, batches: LookBatches, frames: LookFrames, indices: Sequence[int]
) -> dict[str, Any]:
    """Dice of each tissue over all pixels, and the table of kinds, true against found."""
    network.eval()
    pairs = np.zeros((len(Tissue), len(Tissue)), np.int64)
    kinds = np.zeros((len(PICTURES), len(PICTURES)), np.int64)
    cornea = np.zeros((2, 2), np.int64)
    for first in range(0, len(indices), _AT_ONCE):
        batch = batches.plain(indices[first : first + _AT_ONCE])
        with torch.inference_mode():
            tissues, logits = network(batch.grey)
        known = batch.tissues != IGNORED
        coded = (batch.tissues * len(Tissue) + tissues.argmax(1))[known]
        pairs += np.bincount(coded.cpu().numpy(), minlength=pairs.size).reshape(pairs.shape)
        found = logits[:, : len(PICTURES)].argmax(1).cpu().numpy()
        for true, one in zip(batch.kinds.cpu().numpy(), found, strict=True):
            if true >= 0:
                kinds[true, one] += 1
        for true, one in zip(batch.cornea.cpu().numpy(), (logits[:, -1] > 0).cpu().numpy(), strict=True):
            if true >= 0:
                cornea[true, int(one)] += 1
    network.train()
    both = pairs.sum(0) + pairs.sum(1)
    return {
        "frames": len(indices),
        "dice": {t.name.lower(): round(2 * pairs[t, t] / both[t], 4) if both[t] else None for t in Tissue},
        "pictures": [str(picture) for picture in PICTURES],
        "kinds_true_found": kinds.tolist(),
        "cornea_true_found": cornea.tolist(),
    }
