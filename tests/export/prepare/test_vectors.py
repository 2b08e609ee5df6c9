"""Golden vectors: what the runtime finds, and what the graphs find, in the frames that other languages are held to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.parity.graphs import GraphMeasurement
from edge_runtime import CataractAnalyzer
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.model import store
from export.prepare.vectors import FILE, RECIPES, vectors

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
    assert json.loads(json.dumps(vectors(VECTORS["models"]))) == VECTORS


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_graphs_find_the_vectors(recipe: Any) -> None:
    vector = next(one for one in VECTORS["frames"] if one["name"] == recipe.name)
    for precision, wanted in vector["models"].items():
        analyzer = CataractAnalyzer(precision=precision)
        frame = prepare_frame(recipe.scan(), recipe.pitch, analyzer.network.metadata.brightness)
        assert hashlib.sha256(frame.grey.tobytes()).hexdigest() == vector["native"]["sha256"]
        graphs = GraphMeasurement(analyzer)
        found = graphs.measure(frame.grey, vector["usual"], device_pixels=vector["device_pixels"])
        assert found.table.tobytes().hex() == vector["table"]
        assert (found.levels.tolist() if found.found else None) == vector["levels"]
        assert found.window == wanted["window"]
        measured = np.ascontiguousarray(found.counted["measured"])
        assert hashlib.sha256(measured.tobytes()).hexdigest() == wanted["measured_sha256"]
        for name in ("lens_px", "cataract_px", "dropped_px", "box", "settled", "cut", "reasons"):
            assert found.counted[name].tolist() == wanted[name], name
