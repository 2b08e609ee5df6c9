"""The training loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from edge_runtime.measure.lens import TissueLabel

if TYPE_CHECKING:
    from torch import Tensor

    from .recipe import LossConfig

# Pixels added to both sides of the Dice quotient: a batch without cataract then costs little instead of 0/0.
DICE_SMOOTHING = 100.0


def segmentation_loss(logits: Tensor, labels: Tensor, config: LossConfig) -> Tensor:
    """Cross-entropy over all pixels of a batch, plus the weighted soft Dice loss of clear lens and cataract.

    Parameters
    ----------
    logits
        (n, 3, rows, columns) float.
    labels
        (n, rows, columns) int64 of `TissueLabel`.
    config
        Weights of the parts of the loss.

    Returns
    -------
    Scalar float32.
    """
    logits = logits.float()
    weights = None
    if len(set(config.class_weights)) > 1:
        weights = torch.tensor(config.class_weights, dtype=torch.float32, device=logits.device)
    loss = functional.cross_entropy(logits, labels, weight=weights)
    if not config.dice:
        return loss
    probabilities = logits.softmax(dim=1)
    quotients = []
    for label in (TissueLabel.CLEAR_LENS, TissueLabel.CATARACT):
        truth = labels == label
        found = probabilities[:, label]
        quotients.append((2 * found[truth].sum() + DICE_SMOOTHING) / (found.sum() + truth.sum() + DICE_SMOOTHING))
    return loss + config.dice * (1 - torch.stack(quotients).mean())
