"""Train a look: from prepared frames to a checkpoint; a run that was stopped continues where it was."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from edge_runtime.look.tissues import Tissue
from edge_runtime.report.files import write_all
from train.checkpoint import write_atomically
from train.provenance import code_revision

from .batches import LookBatches
from .checkpoint import LookCheckpoint, save_look
from .frames import IGNORED
from .judge import judge_look
from .network import PICTURES, LookNetwork

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from .batches import LookBatch
    from .frames import LookFrames
    from .recipe import LookRecipe

# Few pixels of these, so that each counts for more.
_WEIGHTS = {Tissue.PHAKIC_IMPLANT: 4.0, Tissue.ARTIFICIAL_LENS: 2.0, Tissue.MARK: 2.0, Tissue.CORNEA: 1.5}
_REPORT_EVERY_S = 20.0


def look_loss(tissues: Tensor, kinds: Tensor, batch: LookBatch, recipe: LookRecipe) -> Tensor:
    """Cross-entropy of tissues, plus the weighted ones of the kind of picture and of the cornea."""
    weights = torch.tensor([_WEIGHTS.get(tissue, 1.0) for tissue in Tissue], device=tissues.device)
    loss = functional.cross_entropy(tissues.float(), batch.tissues, weight=weights, ignore_index=IGNORED)
    kinds = kinds.float()
    kind_loss = functional.cross_entropy(kinds[:, : len(PICTURES)], batch.kinds, ignore_index=-1, reduction="sum")
    loss = loss + recipe.kind_weight * kind_loss / (batch.kinds >= 0).sum().clamp(min=1)
    known = batch.cornea >= 0
    cornea = functional.binary_cross_entropy_with_logits(
        kinds[:, -1], batch.cornea.clamp(min=0).float(), reduction="none"
    )
    return loss + recipe.cornea_weight * (cornea * known).sum() / known.sum().clamp(min=1)


def fit_look(
    recipe: LookRecipe, text: str, frames: LookFrames, out: Path, *, device: str = "cpu", max_minutes: float = 1e9
) -> dict[str, Any]:
    """Train a look and write its checkpoint; returns what was measured on the patients held out.

    Parameters
    ----------
    recipe, text
        The recipe, and the text it was read from.
    frames
        What to learn from.
    out
        Folder of the run; one that was stopped is continued.
    device
        Where to train, as torch names it.
    max_minutes
        The learning rate ends its fall when these are over, at the latest.
    """
    out.mkdir(parents=True, exist_ok=True)
    on, began = torch.device(device), time.monotonic()
    torch.manual_seed(recipe.seed)
    network = LookNetwork(recipe.network).to(on)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    training, held_out = frames.split(recipe.held_out, recipe.seed)
    batches = LookBatches(frames, training, recipe, on)
    state_path, step, told = out / "state.pt", 0, began
    if state_path.is_file():
        saved = torch.load(state_path, map_location=on, weights_only=True)
        network.load_state_dict(saved["weights"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
    network.train()
    first = step
    while step < recipe.steps:
        share = max(step / recipe.steps, (time.monotonic() - began) / 60 / max_minutes)
        if share >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate_at(round(share * recipe.steps))
        batch = batches.at(step)
        with torch.autocast(on.type, torch.bfloat16, enabled=on.type == "cuda"):
            tissues, kinds = network(batch.grey)
        loss = look_loss(tissues, kinds, batch, recipe)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        step += 1
        if step % recipe.checkpoint_every == 0:
            write_atomically(
                {"step": step, "weights": network.state_dict(), "optimiser": optimiser.state_dict()}, state_path
            )
        if time.monotonic() - told > _REPORT_EVERY_S:
            told = time.monotonic()
            rate = (step - first) / (told - began)
            sys.stderr.write(f"look: step {step} of {recipe.steps}, {rate:.1f} a second, loss {loss.item():.4f}\n")
    found = judge_look(network, batches, frames, held_out)
    metadata = {
        "name": recipe.name,
        "version": recipe.version,
        "network": asdict(recipe.network),
        "recipe": text,
        "steps": step,
        "training_data": frames.description,
        "frames": len(training),
        "dataset_sha256": frames.sha256,
        "training_commit": code_revision(),
        "held_out": found,
    }
    save_look(LookCheckpoint(metadata, network.state_dict()), out / "checkpoint")
    write_all({str(out / "held_out.json"): (json.dumps(found, indent=1) + "\n").encode()})
    return found
