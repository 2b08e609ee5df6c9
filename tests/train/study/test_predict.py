from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from edge_runtime.errors import InferenceError
from tests.train.synthetic import make_dataset
from train.data.dataset import read_dataset
from train.study import measurement, predict
from train.study.measurement import ExamJob, Failure, ScanJob, measure
from train.study.predict import AnalysisError


class Failing:
    """Does what an analyzer does whose engine fails."""

    sha256 = "0"

    @property
    def network(self) -> Failing:
        return self

    def analyze_exam(self, paths: list[Path]) -> None:
        raise InferenceError("inference-failed", "The engine failed.", "Try again.")

    def analyze(self, path: Path) -> None:
        raise InferenceError("inference-failed", "The engine failed.", "Try again.")


def test_a_failing_engine_is_no_fault_of_the_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (measurement, predict):
        monkeypatch.setattr(module, "analyzer_of", lambda model, profile: Failing())
    dataset = read_dataset(make_dataset(tmp_path / "data", patients=1))
    (outcome,) = measure(ExamJob(tmp_path / "model.onnx", (ScanJob(dataset.scans[0]),)))
    assert isinstance(outcome, Failure)
    assert "scan P0_OD_0: error[inference-failed]: The engine failed." in outcome.message
    assert pickle.loads(pickle.dumps(outcome)) == outcome
    with pytest.raises(AnalysisError, match=r"error\[analysis\]: scans\.csv, line 2: scan P0_OD_0") as caught:
        predict.predict(tmp_path / "model.onnx", dataset, tmp_path / "out")
    assert caught.value.exit_code == 83


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, []), ("", ["artefacts=none"]), ("lashes lid", ["artefacts=lashes", "artefacts=lid"])],
)
def test_a_column_of_several_words_gives_several_subgroups(value: str | None, words: list[str]) -> None:
    assert predict._words("artefacts", value) == words
