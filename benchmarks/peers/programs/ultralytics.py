"""Ultralytics: the smallest of its networks for instance segmentation, as ONNX."""

from __future__ import annotations

import contextlib
import sys
import types
from typing import TYPE_CHECKING, Any

from benchmarks.peers.programs.running import Job, main

if TYPE_CHECKING:
    from collections.abc import Callable


def start(job: Job) -> Callable[[], int]:
    """Load YOLO11n-seg; without its file, export it first, from random weights."""
    import cv2
    import numpy as np
    from ultralytics import YOLO
    from ultralytics.utils.nms import TorchNMS

    # Its own suppression of overlapping boxes instead of torchvision's, whose import fails beside a CPU build of torch.
    torchvision: Any = types.ModuleType("torchvision")
    torchvision.ops = types.SimpleNamespace(nms=TorchNMS.nms)
    sys.modules["torchvision"] = torchvision
    path = job.weights / "yolo11n-seg.onnx"
    if not path.exists():
        with contextlib.chdir(job.weights):
            YOLO("yolo11n-seg.yaml").export(format="onnx", imgsz=640)
    network = YOLO(str(path), task="segment")

    def run() -> int:
        scan = cv2.imdecode(np.fromfile(job.scan, np.uint8), cv2.IMREAD_COLOR)
        (found,) = network.predict(scan, imgsz=640, conf=0.25, device="cpu", verbose=False, retina_masks=True)
        labels = np.zeros(found.orig_shape, np.uint8)
        if found.masks is not None:
            labels |= found.masks.data.cpu().numpy().any(axis=0).astype(np.uint8)
        job.out.write_bytes(cv2.imencode(".png", labels)[1].tobytes())
        return int(labels.sum())

    return run


if __name__ == "__main__":
    main(start)
