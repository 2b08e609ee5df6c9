"""MONAI: its plain U-Net over sliding windows, as its tutorials segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.programs.running import Job, main

if TYPE_CHECKING:
    from collections.abc import Callable


def start(job: Job) -> Callable[[], int]:
    """Make a BasicUNet; its weights, which change no time, are random."""
    import numpy as np
    import torch
    from monai.inferers import SlidingWindowInferer
    from monai.networks.nets import BasicUNet
    from PIL import Image

    torch.set_num_threads(job.threads)
    torch.manual_seed(1)
    network = BasicUNet(spatial_dims=2, in_channels=1, out_channels=3).eval()
    windows = SlidingWindowInferer(roi_size=(512, 512), overlap=0.25)

    def run() -> int:
        with Image.open(job.scan) as scan:
            grey = torch.from_numpy(np.array(scan.convert("L"))).float()[None, None] / 255
        with torch.inference_mode():
            labels = windows(grey, network).argmax(1)[0].to(torch.uint8).numpy()
        Image.fromarray(labels).save(job.out)
        return int((labels > 0).sum())

    return run


if __name__ == "__main__":
    main(start)
