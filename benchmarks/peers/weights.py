"""Network files for the peers: ``python -m benchmarks.peers.weights FOLDER``.

They have the architectures of the peers and random weights, which change no time.

Their trained weights lie on hubs that a build machine need not reach, and nobody trained them on this task.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from train.unet import UNet, UNetConfig

if TYPE_CHECKING:
    from torch import Tensor

U2NET_IN = "backgroundremover==0.4.5"  # the package that has U-2-Net's architecture (Qin et al. 2020), under MIT
SMALL = UNetConfig(width=16, levels=4, channel_cap=128)


def write_weights(folder: Path) -> None:
    """Write u2netp.onnx and small-unet.onnx; what is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    if not (folder / "u2netp.onnx").exists():
        _export(_u2netp(folder / "u2net"), (1, 3, 320, 320), folder / "u2netp.onnx")
    if not (folder / "small-unet.onnx").exists():
        _export(_OfColour(UNet(SMALL)), (1, 3, 512, 512), folder / "small-unet.onnx")


class _OfColour(nn.Module):
    """A network for grey pictures that takes pictures in colour, as the programs of peers read them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, picture: Tensor) -> Tensor:
        """From (n, 3, rows, columns) in [0, 255] to (n, 3, rows, columns) logits."""
        logits: Tensor = self._network(picture.mean(1, keepdim=True) / 255)
        return logits


def _export(network: nn.Module, shape: tuple[int, ...], path: Path) -> None:
    part = path.with_suffix(".part")
    with torch.inference_mode():
        torch.onnx.export(network.eval(), (torch.zeros(shape),), str(part), input_names=["image"], dynamo=False)
    part.rename(path)


def _u2netp(folder: Path) -> nn.Module:
    """U-2-Net's small variant, from the source of a package that is not installed."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), U2NET_IN]
    subprocess.run(command, check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        source = wheel.extract("backgroundremover/u2net/u2net.py", folder)
    # It names torchvision for a variant that is not made here.
    torchvision: Any = types.ModuleType("torchvision")
    torchvision.models = None
    spec = importlib.util.spec_from_file_location("u2net", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"{source} is no module")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get("torchvision")
    sys.modules["torchvision"] = torchvision
    try:
        spec.loader.exec_module(module)
    finally:
        if before is None:
            del sys.modules["torchvision"]
        else:
            sys.modules["torchvision"] = before
    network: nn.Module = module.U2NETP(3, 1)
    return network


if __name__ == "__main__":
    write_weights(Path(sys.argv[1]))
