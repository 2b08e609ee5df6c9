"""The published network (Zeboulon et al. 2022) at half the scan's resolution, in PyTorch, at its full width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.programs.running import Job, main

if TYPE_CHECKING:
    from collections.abc import Callable


def start(job: Job) -> Callable[[], int]:
    """Make it; its weights, which change no time, are random."""
    import numpy as np
    import torch
    from PIL import Image
    from torch.nn import functional

    from train.unet import UNet, UNetConfig

    torch.set_num_threads(job.threads)
    torch.manual_seed(1)
    config = UNetConfig()  # as published
    network = UNet(config).eval()

    def run() -> int:
        with Image.open(job.scan) as scan:
            size, half = scan.size, np.array(scan.convert("L").reduce(2))
        rows, columns = half.shape
        grey = torch.from_numpy(half).float()[None, None] / 255
        grey = functional.pad(grey, (0, -columns % config.stride, 0, -rows % config.stride))
        with torch.inference_mode():
            labels = network(grey)[0, :, :rows, :columns].argmax(0).to(torch.uint8).numpy()
        whole = Image.fromarray(labels).resize((2 * columns, 2 * rows), Image.Resampling.NEAREST)
        whole.crop((0, 0, *size)).save(job.out)
        return int((labels > 0).sum())

    return run


if __name__ == "__main__":
    main(start)
