"""The graphs of a measurement find what the runtime finds, to the bit, or there are none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

import edge_runtime
from edge_runtime.errors import ModelIntegrityError
from edge_runtime.frame.brightness import Brightness, ReferenceLevels, find_reference_levels
from edge_runtime.frame.pieces import Piece
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.resample import coarse_grey
from edge_runtime.golden import SAMPLES
from edge_runtime.model.onnx_file import checked_entries
from edge_runtime.model.seal import check_seal
from edge_runtime.model.session import Session
from edge_runtime.reading.raster import read_scan
from export.errors import ParityError
from export.prepare.__main__ import main
from export.prepare.check import asked_of_frame, compare, levels_vector
from export.prepare.expressions import IR, OPSET, Sheet
from export.prepare.graph import GRAPHS
from export.prepare.pieces import largest_piece
from export.prepare.release import FILES, REGISTER, sealed

FOLDER = Path(edge_runtime.__file__).parent / "graphs"


def bundled(name: str) -> bytes:
    return (FOLDER / FILES[name]).read_bytes()


def test_the_register_pins_the_graphs_that_are_there() -> None:
    register = json.loads((FOLDER / REGISTER).read_text(encoding="utf-8"))
    assert {entry["file"] for entry in register.values()} == {path.name for path in FOLDER.glob("*.onnx")}
    for name, entry in register.items():
        assert entry == {"file": FILES[name], "sha256": hashlib.sha256(bundled(name)).hexdigest()}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_graph_that_ships_is_the_one_that_the_code_writes(name: str) -> None:
    shipped = onnx.load_from_string(bundled(name))
    assert shipped.graph == GRAPHS[name]().graph


@pytest.mark.parametrize("name", GRAPHS)
def test_the_graph_that_ships_is_sealed_and_needs_standard_operators_alone(name: str) -> None:
    data = bundled(name)
    check_seal(data)
    entries = checked_entries(data)
    assert entries["edge_cataract.name"] == name
    assert json.loads(entries["edge_cataract.parity"])["inputs"] > 30
    place = data.index(b"Softmax") if b"Softmax" in data else len(data) // 2
    with pytest.raises(ModelIntegrityError):
        check_seal(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])


@pytest.mark.slow
def test_the_graphs_that_ship_find_what_the_runtime_finds() -> None:
    compared = compare({name: bundled(name) for name in GRAPHS}, seed=1)
    assert compared.keys() == set(GRAPHS)
    assert all(number > 30 for number in compared.values())


def test_levels_and_table_of_a_frame_are_those_of_the_runtime_whole_and_in_part() -> None:
    session = Session(bundled("prepare"), 1)
    grey = prepare_frame(read_scan(str(SAMPLES / "simulated-clear.png")), None, Brightness.REFERENCED).grey
    for frame in (grey, np.ascontiguousarray(grey[3:-2, 101:-50])):
        for device_pixels in (True, False):
            inputs, expected = asked_of_frame(frame, device_pixels=device_pixels)
            assert "levels" in expected
            for value, wanted in zip(session.run(list(expected), inputs), expected.values(), strict=True):
                assert np.array_equal(value, wanted)


def test_a_frame_without_an_eye_gets_the_nominal_levels_and_their_table() -> None:
    session = Session(bundled("prepare"), 1)
    frame = np.random.default_rng(0).integers(0, 256, (640, 720), dtype=np.uint8)
    inputs, expected = asked_of_frame(frame, device_pixels=True)
    found, levels, table = session.run(["found", "levels", "table"], inputs)
    assert not found
    assert levels.tolist() == [87.0, 178.0, 9.1, 0.0, 0.0, 7.2]
    assert np.array_equal(table, expected["table"])


@pytest.mark.parametrize(
    ("shape", "share"),
    [((1, 1), 1.0), ((1, 40), 0.5), ((40, 1), 0.5), ((31, 47), 0.02), ((31, 47), 0.45), ((64, 64), 0.9)],
)
def test_the_largest_piece_of_any_map_is_that_of_the_runtime(shape: tuple[int, int], share: float) -> None:
    session = _piece_session()
    rng = np.random.default_rng(int(1000 * share))
    for _ in range(40):
        _check_piece(session, (rng.uniform(size=shape) < share).astype(np.uint8))


def test_a_spiral_is_one_piece() -> None:
    spiral = np.zeros((41, 41), np.uint8)
    row, column, way = 20, 20, ((0, 1), (1, 0), (0, -1), (-1, 0))
    for turn in range(38):
        for _ in range(turn // 2 + 2):
            spiral[row, column] = 1
            row, column = row + way[turn % 4][0], column + way[turn % 4][1]
    spiral[::2] &= 1
    _check_piece(_piece_session(), spiral)


def test_labels_without_a_pixel_are_counted_as_none() -> None:
    inputs = {
        "labels": np.zeros((0, 0), np.uint8),
        "window": np.zeros(4, np.int64),
        "frame_shape": np.array([10, 10], np.int64),
        "grid": np.array(4, np.int64),
        "scan": np.zeros((0, 0), np.uint8),
        "found": np.array(True),
        "tissues": np.zeros((0, 0), np.uint8),
    }
    names = ["lens_px", "cataract_px", "dropped_px", "settled", "reasons"]
    assert [one.tolist() for one in Session(bundled("count"), 1).run(names, inputs)] == [
        0, 0, 0, False, [True, *[False] * 6],
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crop", "count"])
def test_a_graph_that_differs_from_the_runtime_is_refused(name: str) -> None:
    model = GRAPHS[name]()
    constant = next(
        tensor
        for tensor in model.graph.initializer
        if numpy_helper.to_array(tensor).shape == () and numpy_helper.to_array(tensor) in (32, 128)
    )
    constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant) - 3, constant.name))
    with pytest.raises(ParityError, match=f"{name} finds another"):
        sealed({name: model})


@pytest.mark.slow
def test_a_table_that_differs_in_one_byte_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("export.prepare.grey_table.HIGHEST_DB", 14.02)
    assert main(["-o", str(tmp_path)]) != 0
    assert "another table" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_levels_are_given_in_one_order() -> None:
    assert levels_vector(ReferenceLevels(1.0, 2.0, None, 4.0, 5.0, 6.0)).tolist() == [1.0, 2.0, -1.0, 4.0, 5.0, 6.0]


def _piece_session() -> Session:
    sheet = Sheet()
    piece = largest_piece(sheet, sheet.input("map", np.uint8) > 0)
    numbers = (piece.top, piece.left, piece.bottom, piece.right, piece.pixels, piece.marked)
    sheet.named(sheet.apply("Concat", *(one.shaped(1) for one in numbers), axis=0), "numbers")
    sheet.named(piece.member, "member")
    graph = sheet.graph(
        "piece",
        {"map": (np.uint8, ("rows", "columns"))},
        {"numbers": (np.int64, (6,)), "member": (np.bool_, ("rows", "columns"))},
    )
    opset = onnx.helper.make_opsetid("", OPSET)
    return Session(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=IR).SerializeToString(), 1)


def _check_piece(session: Session, drawn: NDArray[np.uint8]) -> None:
    numbers, member = session.run(["numbers", "member"], {"map": drawn})
    piece = Piece.largest(drawn)
    if piece is None:
        assert not numbers.any()
        assert not member.any()
        return
    wanted = [piece.top, piece.left, piece.bottom, piece.right, piece.pixels, piece.marked]
    assert numbers.tolist() == wanted
    assert np.array_equal(member, piece.numbers == piece.number)


def test_a_frame_of_one_pixel_is_taken() -> None:
    inputs, expected = asked_of_frame(np.zeros((1, 1), np.uint8), device_pixels=False)
    coarse, table = Session(bundled("prepare"), 1).run(["coarse", "table"], inputs)
    assert coarse.shape == (0, 0)
    assert np.array_equal(table, expected["table"])
    assert find_reference_levels(inputs["frame"], coarse_grey(inputs["frame"])) is None
