"""OpenVINO Model API: Intel's wrapper for deployed networks, with a small U-Net."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.programs.running import Job, main

if TYPE_CHECKING:
    from collections.abc import Callable


def start(job: Job) -> Callable[[], int]:
    """Load the small U-Net as a segmentation model."""
    import cv2
    import numpy as np
    from model_api.adapters import OpenvinoAdapter, create_core
    from model_api.models import SegmentationModel

    adapter = OpenvinoAdapter(
        create_core(), str(job.weights / "small-unet.onnx"), device="CPU",
        plugin_config={"INFERENCE_NUM_THREADS": job.threads},
    )  # fmt: skip
    network = SegmentationModel(adapter, preload=True)

    def run() -> int:
        scan = cv2.imdecode(np.fromfile(job.scan, np.uint8), cv2.IMREAD_COLOR)
        labels = network(scan).resultImage.astype(np.uint8)
        job.out.write_bytes(cv2.imencode(".png", labels)[1].tobytes())
        return int((labels > 0).sum())

    return run


if __name__ == "__main__":
    main(start)
