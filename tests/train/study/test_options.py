from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from train import study
from train.study.evaluate import EvaluationOptions
from train.study.reproduce import StudyOptions

SOURCES = sorted(Path(study.__file__).parent.glob("*.py"))


def test_parsed_options_stay_in_the_commands() -> None:
    assert len(SOURCES) > 10
    assert [path.name for path in SOURCES if "argparse" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_outside_0_to_1_is_refused(threshold: float) -> None:
    with pytest.raises(UsageError, match=r"A threshold in \[0, 1\] was expected"):
        EvaluationOptions(model=Path("m.onnx"), data=Path("data"), out=Path("out"), threshold=threshold)


def test_no_processes_are_refused() -> None:
    with pytest.raises(UsageError, match="0 processes were asked for"):
        EvaluationOptions(model=Path("m.onnx"), data=Path("data"), out=Path("out"), workers=0)
    with pytest.raises(UsageError, match="0 processes were asked for"):
        StudyOptions(model=Path("m.onnx"), out=Path("out"), seed=1, workers=0)
