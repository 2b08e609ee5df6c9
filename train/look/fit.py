"""Train a look: from prepared frames to a checkpoint; a run that was stopped continues where it was."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
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


@dataclass(slots=True, eq=False)
class _Training:
    """A network in training; it changes with every step."""

    recipe: LookRecipe
    network: LookNetwork
    optimiser: torch.optim.Optimizer
    batches: LookBatches
    state_path: Path
    step: int = 0

    @classmethod
    def begin(cls, recipe: LookRecipe, batches: LookBatches, device: torch.device, state_path: Path) -> _Training:
        """From the beginning, or from where an earlier run was stopped."""
        torch.manual_seed(recipe.seed)
        network = LookNetwork(recipe.network).to(device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as in `train.fit.loop`
        optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        training = cls(recipe, network, optimiser, batches, state_path)
        if state_path.is_file():
            saved = torch.load(state_path, map_location=device, weights_only=True)
            network.load_state_dict(saved["weights"])
            optimiser.load_state_dict(saved["optimiser"])
            training.step = saved["step"]
        return training

    def take_step(self, share: float) -> Tensor:
        """One step of the optimiser; `share` of the whole is done. Returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.learning_rate_at(round(share * self.recipe.steps))
        batch = self.batches.at(self.step)
        on = batch.grey.device.type
        with torch.autocast(on, torch.bfloat16, enabled=on == "cuda"):
            tissues, kinds = self.network(batch.grey)
        loss = look_loss(tissues, kinds, batch, self.recipe)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.step += 1
        if self.step % self.recipe.checkpoint_every == 0:
            state = {"weights": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
            write_atomically({"step": self.step, **state}, self.state_path)
        return loss.detach()


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
    commit = code_revision()  # of the code that trains, whatever is committed meanwhile
    began = told = time.monotonic()
    learnt, held_out = frames.split(recipe.held_out, recipe.seed)
    batches = LookBatches(frames, learnt, recipe, torch.device(device))
    training = _Training.begin(recipe, batches, torch.device(device), out / "state.pt")
    training.network.train()
    share = training.step / recipe.steps
    while share < 1:
        loss = training.take_step(share)
        now = time.monotonic()
        share = max(training.step / recipe.steps, (now - began) / 60 / max_minutes)
        if now - told > _REPORT_EVERY_S:
            told = now
            sys.stderr.write(f"look: step {training.step} of {recipe.steps}, loss {loss.item():.4f}\n")
    found = judge_look(training.network, batches, frames, held_out)
    metadata = {
        "name": recipe.name,
        "version": recipe.version,
        "network": asdict(recipe.network),
        "recipe": text,
        "steps": training.step,
        "training_data": frames.description,
        "frames": len(learnt),
        "dataset_sha256": frames.sha256,
        "training_commit": commit,
        "held_out": found,
    }
    save_look(LookCheckpoint(metadata, training.network.state_dict()), out / "checkpoint")
    write_all({str(out / "held_out.json"): (json.dumps(found, indent=1) + "\n").encode()})
    return found
