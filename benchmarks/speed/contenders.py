"""What takes part in the benchmarks: every way to run the model, from the crop to the pixel counts.

Each is started by name in a process of its own (`serve` in `benchmarks/speed/turns.py`) and imports only what it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_runtime.frame.brightness import Brightness
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import profile_for
from edge_runtime.golden import SAMPLES
from edge_runtime.machine.libraries import load_onnxruntime
from edge_runtime.model.session import PROVIDERS, session_options
from edge_runtime.model.store import read_model
from edge_runtime.reading.raster import read_scan

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from edge_runtime.frame.prepare import Frame

SAMPLE = SAMPLES / "simulated-cataract.png"
CHECKPOINTS = Path(__file__).resolve().parents[2] / "train" / "checkpoints"
PAPER_SIDE = 1088  # native pixels: 544 x 544 at the paper's grid of 2, whole strides of its network


@dataclass(frozen=True, slots=True)
class Setting:
    """What all contenders of a run have in common.

    Attributes
    ----------
    threads
        Of each.
    models
        Model file by precision; None where the bundled one is taken.
    checkpoint
        The same weights for PyTorch.
    """

    threads: int
    models: dict[str, Path | None]
    checkpoint: Path

    def model(self, precision: str) -> bytes:
        """Return the checked bytes of a model."""
        return read_model(self.models[precision], precision)


Run = Callable[[], Any]


def prepared_sample() -> Frame:
    """Prepare the bundled cataract sample as for the bundled models."""
    scan = read_scan(SAMPLE)
    return prepare_frame(scan, profile_for(scan.rows, scan.columns, scan.bits), Brightness.REFERENCED)


def sample_frame() -> NDArray[np.uint8]:
    """Return the whole sample, (rows, columns) uint8 native pixels on the eye's own scale."""
    frame = prepared_sample()
    return frame.graded(frame.grey)


def sample_window() -> NDArray[np.uint8]:
    """Return the usual crop of it, which is what the network reads."""
    frame = prepared_sample()
    return frame.graded(frame.profile.window(frame.shape).cut(frame.grey))


def ours(setting: Setting, precision: str) -> Run:
    """Start the exported graph in onnxruntime, as it is deployed."""
    session = load_onnxruntime().InferenceSession(
        setting.model(precision), session_options(setting.threads), providers=PROVIDERS
    )
    window = sample_window()
    return lambda: [int(count) for count in session.run(["lens_px", "cataract_px"], {"scan": window})]


def openvino(setting: Setting, precision: str) -> Run:
    """Start the same file in OpenVINO."""
    import openvino

    window = sample_window()
    core = openvino.Core()
    model = core.read_model(setting.model(precision), b"")
    model.reshape(list(window.shape))  # a fixed size suits it
    hints: dict[str, Any] = {"INFERENCE_NUM_THREADS": setting.threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision == "fp32":
        hints["INFERENCE_PRECISION_HINT"] = "f32"
    request = core.compile_model(model, "CPU", hints).create_infer_request()

    def run() -> list[int]:
        request.infer([window], share_inputs=True)
        return [int(request.get_tensor(name).data) for name in ("lens_px", "cataract_px")]

    return run


def in_torch(setting: Setting, way: str) -> Run:
    """Start the whole pipeline of the checkpoint in PyTorch."""
    import torch

    from train.checkpoint import load_checkpoint
    from train.pipeline import Pipeline

    checkpoint = load_checkpoint(setting.checkpoint)
    pipeline: Any = Pipeline.of(checkpoint)
    if way in ("channels-last", "bf16"):
        pipeline = pipeline.to(memory_format=torch.channels_last)
    if way == "bf16":
        pipeline.network = _bfloat16(pipeline.network)
    if way == "compile":
        from torch._inductor import config

        config.freezing = True  # weights become constants, as in the other engines
        pipeline = torch.compile(pipeline)
    return _counting(pipeline, sample_window(), setting.threads)


def paper(setting: Setting, _: str) -> Run:
    """Start the published network at its full width in PyTorch; its weights, which do not matter here, are random."""
    import torch

    from train.pipeline import Pipeline
    from train.unet import UNet, UNetConfig

    torch.manual_seed(1)
    config = UNetConfig()  # as published
    window = sample_window()[:PAPER_SIDE, :PAPER_SIDE]
    return _counting(Pipeline(UNet(config), grid=2, stride=config.stride).eval(), window, setting.threads)


def _counting(pipeline: Callable[[torch.Tensor], Any], window: NDArray[np.uint8], threads: int) -> Run:
    import torch

    torch.set_num_threads(threads)

    @torch.inference_mode()
    def run() -> list[int]:
        found = pipeline(torch.tensor(window))
        return [int(found.lens_px), int(found.cataract_px)]

    return run


def _bfloat16(network: torch.nn.Module) -> torch.nn.Module:
    import torch

    class InBfloat16(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network.to(torch.bfloat16)

        def forward(self, grey: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.network(grey.to(torch.bfloat16))
            return logits.to(torch.float32)

    return InBfloat16()


def analyse(setting: Setting, way: str) -> Run:
    """Start what a device does with one scan: from the file to the numbers of the result document."""
    if way == "torch":
        import torch

        from edge_runtime.look.network import SCHEMA
        from train.torch_predictor import checkpoint_analyzer

        torch.set_num_threads(setting.threads)
        analyzer = checkpoint_analyzer(setting.checkpoint, look=SCHEMA)
    else:
        from edge_runtime.analyzer import CataractAnalyzer, Limits

        analyzer = CataractAnalyzer(setting.models[way], precision=way, limits=Limits(threads=setting.threads))

    def run() -> list[int]:
        pixels = analyzer.analyze(SAMPLE).pixels
        return [pixels.lens, pixels.cataract]

    return run


@dataclass(frozen=True, slots=True)
class Kind:
    """One contender: what starts it with which argument, its runs in a turn, and the packages it needs."""

    title: str
    start: Callable[[Setting, str], Run]
    way: str
    runs: int
    packages: tuple[str, ...]


_OURS, _TORCH, _OPENVINO = ("onnxruntime",), ("torch",), ("openvino",)
NETWORKS = {
    "ours-fp32": Kind("edge-cataract fp32", ours, "fp32", 10, _OURS),
    "ours-int8": Kind("edge-cataract int8", ours, "int8", 10, _OURS),
    "openvino-fp32": Kind("OpenVINO fp32, same file", openvino, "fp32", 10, _OPENVINO),
    "openvino-int8": Kind("OpenVINO int8, same file", openvino, "int8", 10, _OPENVINO),
    "torch-eager": Kind("PyTorch eager", in_torch, "eager", 5, _TORCH),
    "torch-channels-last": Kind("PyTorch channels-last", in_torch, "channels-last", 5, _TORCH),
    "torch-bf16": Kind("PyTorch bfloat16, channels-last", in_torch, "bf16", 5, _TORCH),
    "torch-compile": Kind("torch.compile", in_torch, "compile", 5, _TORCH),
    "paper": Kind("the paper's network, PyTorch eager", paper, "", 1, _TORCH),
}
SCANS = {
    "scan-fp32": Kind("edge-cataract fp32", analyse, "fp32", 5, _OURS),
    "scan-int8": Kind("edge-cataract int8", analyse, "int8", 5, _OURS),
    "scan-torch": Kind("its steps with PyTorch eager", analyse, "torch", 5, _TORCH),
}
KINDS = NETWORKS | SCANS
