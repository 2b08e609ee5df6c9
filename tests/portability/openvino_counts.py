"""`python openvino_counts.py MODEL.onnx WINDOW ROWS COLUMNS`: the counts that OpenVINO finds in a raw uint8 window."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import openvino

model, window, rows, columns = sys.argv[1:]
# By default it computes in bfloat16 where the processor can, which is another model.
compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
scan = np.frombuffer(Path(window).read_bytes(), np.uint8).reshape(int(rows), int(columns))
found = compiled({"scan": scan})
print(json.dumps({name: int(found[name]) for name in ("lens_px", "cataract_px")}))  # noqa: T201  # its only output
