"""Golden vectors: what the runtime finds, and what the graphs find, in the frames that other languages are held to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.parity.graph_measurement import GraphMeasurement
from benchmarks.parity.vectors import different
from edge_runtime import CataractAnalyzer
from edge_runtime.model import store
from export.prepare.__main__ import main
from export.prepare.vectors import FILE, bundled_networks, vectors

VECTORS: dict[str, Any] = json.loads((Path(store.BUNDLE).with_name("graphs") / FILE).read_text(encoding="utf-8"))
MAX_BYTES = 60_000


def test_the_vectors_are_of_the_models_and_the_look_that_ship() -> None:
    bundle = Path(store.BUNDLE)
    register = json.loads((bundle / "register.json").read_text(encoding="utf-8"))
    assert VECTORS["models"] == {precision: entry["sha256"] for precision, entry in register.items()}
    assert VECTORS["look"] == json.loads((bundle / store.LOOK_REGISTER).read_text(encoding="utf-8"))["sha256"]
    assert (bundle.with_name("graphs") / FILE).stat().st_size < MAX_BYTES


def test_the_vectors_show_a_cataract_a_clear_lens_no_lens_and_no_reference_tissues() -> None:
    found = [frame["models"]["int8"]["document"]["eye"]["decision"] for frame in VECTORS["frames"]]
    assert {"cataract", "clear", "ungradable"} <= set(found)
    assert {frame["levels"] is None for frame in VECTORS["frames"]} == {True, False}


@pytest.mark.slow
def test_the_runtime_finds_the_vectors() -> None:
    assert json.loads(json.dumps(vectors(bundled_networks()))) == VECTORS


@pytest.mark.slow
@pytest.mark.parametrize("precision", VECTORS["models"])
def test_the_graphs_find_the_vectors(precision: str) -> None:
    analyzer = CataractAnalyzer(precision=precision)
    graphs = GraphMeasurement(analyzer)
    assert {one["name"]: different(one, analyzer, graphs) for one in VECTORS["frames"]} == {
        one["name"]: [] for one in VECTORS["frames"]
    }


def test_the_first_step_that_differs_is_told() -> None:
    vector = VECTORS["frames"][-1]
    wrong = vector | {"table": "00" * 256, "native": {"sha256": ""}}
    analyzer = CataractAnalyzer()
    assert different(wrong, analyzer, GraphMeasurement(analyzer)) == ["native", "table"]


@pytest.mark.slow
def test_vectors_of_an_own_model_are_written_beside_the_graphs(tiny_model: Path, tmp_path: Path) -> None:
    assert main(["-o", str(tmp_path), "--model", str(tiny_model)]) == 0
    written = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert written["models"] == {"fp32": hashlib.sha256(tiny_model.read_bytes()).hexdigest()}
    assert [one["name"] for one in written["frames"]] == [one["name"] for one in VECTORS["frames"]]
    for name in ("prepare", "table", "crop", "count"):
        path = next(tmp_path.glob(f"{name}-*.onnx"))
        assert path.read_bytes() == (Path(store.BUNDLE).with_name("graphs") / path.name).read_bytes()
