"""The training loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from edge_runtime.measure.evidence import KIND_CHANNELS, STEPS_DB
from edge_runtime.measure.lens import TissueLabel
from train.data.evidence import EXCESS_OFFSET_DB, EXCESS_STEPS_PER_DB, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from .batches import Batch
    from .recipe import LossConfig

# Pixels added to both sides of the Dice quotient: a batch without cataract then costs little instead of 0/0.
DICE_SMOOTHING = 100.0
# Of the kinds of opacity, in the order of `KIND_CHANNELS`: what is rare counts for more.
KIND_WEIGHTS = (0.5, 1.0, 3.0, 3.0, 4.0)


def batch_loss(network: Callable[..., Any], batch: Batch, config: LossConfig) -> Tensor:
    """The loss of a batch: of the labels, of the evidence where it is learnt, and of what a shift changes.

    Parameters
    ----------
    network
        A `UNet`, perhaps wrapped for several processes.
    batch
        What to learn from.
    config
        Weights of the parts of the loss.
    """
    if not config.consistency:
        return _truth_loss(network(batch.grey, both=batch.evidence is not None), batch, config)
    # The same windows once more, a little aside: what is found must not depend on how the grid lies on the lens.
    count, back = len(batch.grey), (-batch.shift[0], -batch.shift[1])
    twice = torch.cat([batch.grey, batch.grey.roll(batch.shift, (2, 3))])
    found = network(twice, both=batch.evidence is not None)
    logits, evidence = found if batch.evidence is not None else (found, None)
    beside = logits[count:].roll(back, (2, 3))
    first = (logits[:count], evidence[:count]) if evidence is not None else logits[:count]
    loss = _truth_loss(first, batch, config) + segmentation_loss(beside, batch.labels, config)
    apart: Tensor = logits[:count].float().softmax(1) - beside.float().softmax(1)
    whole: Tensor = loss / 2 + config.consistency * (apart**2).sum(1).mean()
    return whole


def _truth_loss(found: Tensor | tuple[Tensor, Tensor], batch: Batch, config: LossConfig) -> Tensor:
    if batch.evidence is None or not isinstance(found, tuple):
        logits = found if isinstance(found, torch.Tensor) else found[0]
        return segmentation_loss(logits, batch.labels, config)
    logits, evidence = found
    return segmentation_loss(logits, batch.labels, config) + config.evidence * evidence_loss(evidence, batch.evidence)


def evidence_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of cumulative opacity, of the kind of opacity, and of the paper's label, where they are known.

    Parameters
    ----------
    logits
        (n, 12, rows, columns) float: `UNet.both`.
    truth
        (n, 3, rows, columns) uint8 of `train.data.evidence`.
    """
    logits = logits.float()
    steps = len(STEPS_DB)
    excess, kind, paper = truth.unbind(1)
    limits = torch.tensor(STEPS_DB, device=logits.device).view(1, -1, 1, 1)
    above = (excess[:, None].float() / EXCESS_STEPS_PER_DB - EXCESS_OFFSET_DB > limits).float()
    known = (excess != UNKNOWN)[:, None].float()
    each = functional.binary_cross_entropy_with_logits(logits[:, :steps], above, reduction="none")
    opacity = (each * known).sum() / (steps * known.sum()).clamp(min=1)
    weights = torch.tensor(KIND_WEIGHTS, device=logits.device)
    kinds = functional.cross_entropy(
        logits[:, steps : steps + len(KIND_CHANNELS)],
        kind.long(),
        weight=weights,
        ignore_index=UNKNOWN,
        reduction="sum",
    )
    kinds = kinds / (kind != UNKNOWN).sum().clamp(min=1)
    painted = (paper != UNKNOWN).float()
    label = functional.binary_cross_entropy_with_logits(logits[:, -1], (paper == 1).float(), reduction="none")
    return opacity + 0.5 * kinds + 0.5 * (label * painted).sum() / painted.sum().clamp(min=1)


def segmentation_loss(logits: Tensor, labels: Tensor, config: LossConfig) -> Tensor:
    """Cross-entropy over all pixels of a batch, plus the weighted soft Dice loss of clear lens and cataract.

    Parameters
    ----------
    logits
        (n, 3, rows, columns) float.
    labels
        (n, rows, columns) of `TissueLabel`.
    config
        Weights of the parts of the loss.

    Returns
    -------
    Scalar float32.
    """
    logits, labels = logits.float(), labels.long()
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
