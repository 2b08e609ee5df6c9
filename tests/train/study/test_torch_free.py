from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.make_tiny_model import TinyModel, tiny_model_bytes
from tests.train.synthetic import make_dataset

EVALUATE = """
import json, sys
{first}
from train.__main__ import main
code = main(["evaluate", "--model", sys.argv[1], "--data", sys.argv[2], "--out", sys.argv[3], "--resamples", "20"])
print(json.dumps([code, "torch" in sys.modules]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("first", "imported"), [("", False), ("import torch", True)])
def test_an_onnx_model_is_evaluated_without_torch(tmp_path: Path, first: str, imported: bool) -> None:
    """The second case shows that the check can fail."""
    model = tmp_path / "tiny.onnx"
    model.write_bytes(tiny_model_bytes(TinyModel(grid=8, clear_from=55.5, cataract_from=145.5)))
    data = make_dataset(tmp_path / "data", patients=2)
    finished = subprocess.run(
        [sys.executable, "-c", EVALUATE.format(first=first), model, data, tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == [0, imported]
    assert (tmp_path / "out/results.json").exists()
