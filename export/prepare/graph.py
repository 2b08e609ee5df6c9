"""The graphs of a measurement: from a frame to its scale, from a look to a crop, from labels to counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from edge_runtime.frame.brightness import NOMINAL_LEVELS
from edge_runtime.frame.window import NATIVE_PITCH_UM
from edge_runtime.measure.lens import MAX_SIDE_MM, MIN_DEPTH_MM, MIN_FILL, MIN_WIDTH_MM, TissueLabel
from edge_runtime.measure.locate import NEAR_SIDE
from edge_runtime.measure.quality import MIN_CUT_DEPTH_MM
from export.errors import ExportError

from .brightness import Brightness, is_unlikely, shows_part
from .expressions import IR, OPSET, Sheet, Tensors, Value
from .grey_table import grey_table
from .pieces import Piece, largest_piece
from .reference import Levels, coarse_grey, reference_levels
from .window import Span, around, lies_inside, seen_box, within

if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = ("stroma", "brightest", "speckle", "air", "apex_row", "radius_mm")  # in this order, of `ReferenceLevels`
NO_SPECKLE = -1.0  # in place of the speckle of a frame that was resampled


def prepare() -> onnx.ModelProto:
    """A native frame in; its coarse means, its reference levels and its table of grey out."""
    sheet = Sheet()
    frame, device_pixels = sheet.input("frame", np.uint8), sheet.input("device_pixels", np.bool_)
    coarse = coarse_grey(sheet, frame)
    levels = reference_levels(sheet, frame, coarse, device_pixels)
    known = [levels.found.where(getattr(levels, name), getattr(NOMINAL_LEVELS, name)) for name in LEVELS]
    sheet.named(coarse, "coarse")
    sheet.named(levels.found, "found")
    sheet.named(_vector(*known), "levels")
    sheet.named(grey_table(sheet, levels), "table")
    return _model(
        sheet,
        "prepare",
        {"frame": (np.uint8, ("rows", "columns")), "device_pixels": (np.bool_, ())},
        {
            "coarse": (np.uint8, ("coarse_rows", "coarse_columns")),
            "found": (np.bool_, ()),
            "levels": (np.float64, (len(known),)),
            "table": (np.uint8, (256,)),
        },
    )


def table() -> onnx.ModelProto:
    """Reference levels in, such as those that the scans of an eye share; their table of grey out."""
    sheet = Sheet()
    given = sheet.input("levels", np.float64)
    found = sheet.constant(True)  # a tensor
    levels = Levels(found, *(given.take(place) for place in range(len(LEVELS))))
    sheet.named(grey_table(sheet, levels), "table")
    return _model(sheet, "table", {"levels": (np.float64, (len(LEVELS),))}, {"table": (np.uint8, (256,))})


def crop() -> onnx.ModelProto:
    """A frame, its table and what a look saw in; the window and what the network reads in it out."""
    sheet = Sheet()
    frame, table = sheet.input("frame", np.uint8), sheet.input("table", np.uint8)
    tissues, usual = sheet.input("tissues", np.uint8), sheet.input("usual", np.int64)
    box, step, margin = (sheet.input(name, np.int64) for name in ("box", "step", "margin"))
    shape = frame.size(0), frame.size(1)
    is_whole = (usual.take(2) * usual.take(3)).equals(0)
    first = [
        within(
            Span(is_whole.where(sheet.constant(0), usual.take(axis)), is_whole.where(side, usual.take(2 + axis))), side
        )
        for axis, side in enumerate(shape)
    ]
    seen, look = seen_box(sheet, tissues, shape)
    outside = ~(lies_inside(first[0], *look[0], shape[0], margin) & lies_inside(first[1], *look[1], shape[1], margin))
    given = box.take(2) > 0
    moved = given | (seen & outside)
    spans = []
    for axis, (side, (seen_first, seen_end)) in enumerate(zip(shape, look, strict=True)):
        box_first, box_end = given.where(box.take(axis), seen_first), given.where(box.take(axis + 2), seen_end)
        other = around(first[axis], box_first, box_end, side, step)
        spans.append(Span(moved.where(other.first, first[axis].first), moved.where(other.length, first[axis].length)))
    starts, ends = _vector(*(span.first for span in spans)), _vector(*(span.end for span in spans))
    part = sheet.apply("Slice", frame, starts, ends)
    # One table for every row: so the engine looks up rows side by side.
    tables = sheet.apply("Expand", table, table.sizes(spans[0].length, 256))
    sheet.named(sheet.apply("GatherElements", tables, part.to(np.int32), axis=1), "scan")
    sheet.named(_vector(*(span.first for span in spans), *(span.length for span in spans)), "window")
    sheet.named(seen, "lens_seen")
    return _model(
        sheet,
        "crop",
        {
            "frame": (np.uint8, ("rows", "columns")),
            "table": (np.uint8, (256,)),
            "tissues": (np.uint8, ("look_rows", "look_columns")),
            "usual": (np.int64, (4,)),
            "box": (np.int64, (4,)),
            "step": (np.int64, ()),
            "margin": (np.int64, ()),
        },
        {
            "scan": (np.uint8, ("scan_rows", "scan_columns")),
            "window": (np.int64, (4,)),
            "lens_seen": (np.bool_, ()),
        },
    )


def count() -> onnx.ModelProto:
    """Labels of a window in; the measured piece of lens, its counts, and what its shape and brightness say out."""
    sheet = Sheet()
    labels, grid = sheet.input("labels", np.uint8), sheet.input("grid", np.int64)
    scan, tissues = sheet.input("scan", np.uint8), sheet.input("tissues", np.uint8)
    found = sheet.input("found", np.bool_)
    window, shape = sheet.input("window", np.int64), sheet.input("frame_shape", np.int64)
    piece = largest_piece(sheet, labels > int(TissueLabel.BACKGROUND))
    measured = piece.member.to(np.uint8) * labels
    cataract = measured.equals(int(TissueLabel.CATARACT)).to(np.int32).reduced("Sum").to(np.int64)
    pitch_mm = grid.to(np.float64) * NATIVE_PITCH_UM / 1000.0
    sides = (piece.bottom - piece.top, piece.right - piece.left)
    depth_mm, width_mm = (side.to(np.float64) * pitch_mm for side in sides)
    some = piece.pixels > 0
    too_small = some & ((depth_mm < MIN_DEPTH_MM) | (width_mm < MIN_WIDTH_MM))
    too_large = some & (depth_mm.at_least(width_mm) > MAX_SIDE_MM)
    area = (sides[0].to(np.float64) * MIN_FILL) * sides[1].to(np.float64)
    not_solid = some & (piece.pixels.to(np.float64) < area)
    cut, beyond = _at_sides(some, piece, window, shape, grid)
    whole = window.take(2).equals(shape.take(0)) & window.take(3).equals(shape.take(1))
    shaped = some & ~(too_small | too_large | not_solid)
    outside = (cut[0] | cut[1] | cut[2] | cut[3]) & (depth_mm < MIN_CUT_DEPTH_MM)
    sheet.named(piece.pixels, "lens_px")
    sheet.named(cataract, "cataract_px")
    sheet.named(piece.marked - piece.pixels, "dropped_px")
    sheet.named(_vector(piece.top, piece.left, piece.bottom, piece.right), "box")
    sheet.named(measured, "measured")
    sheet.named(whole | (shaped & ~(beyond[0] | beyond[1] | beyond[2] | beyond[3])), "settled")
    sheet.named(_vector(*cut), "cut")
    in_part = some & shows_part(piece.pixels, grid, tissues)
    unlikely = found & some & is_unlikely(Brightness.of(scan, grid, piece, measured))
    sheet.named(_vector(~some, too_small, too_large, not_solid, in_part, outside, unlikely), "reasons")
    return _model(
        sheet,
        "count",
        {
            "labels": (np.uint8, ("grid_rows", "grid_columns")),
            "window": (np.int64, (4,)),
            "frame_shape": (np.int64, (2,)),
            "grid": (np.int64, ()),
            "scan": (np.uint8, ("scan_rows", "scan_columns")),
            "found": (np.bool_, ()),
            "tissues": (np.uint8, ("look_rows", "look_columns")),
        },
        {
            "lens_px": (np.int64, ()),
            "cataract_px": (np.int64, ()),
            "dropped_px": (np.int64, ()),
            "box": (np.int64, (4,)),
            "measured": (np.uint8, ("grid_rows", "grid_columns")),
            "settled": (np.bool_, ()),
            "cut": (np.bool_, (4,)),
            "reasons": (np.bool_, (7,)),
        },
    )


def _at_sides(some: Value, piece: Piece, window: Value, shape: Value, grid: Value) -> tuple[list[Value], list[Value]]:
    """Whether the frame cuts a piece, and whether it comes near where the frame goes on: top, bottom, left, right."""
    at_frame, touched, near = [], [], []
    for axis, (first, end) in enumerate(((piece.top, piece.bottom), (piece.left, piece.right))):
        length = (window.take(2 + axis) + grid - 1) / grid
        margin = grid.sheet.constant(NEAR_SIDE, np.int64) / grid
        at_frame += [window.take(axis).equals(0), (window.take(axis) + window.take(2 + axis)).equals(shape.take(axis))]
        touched += [some & (first <= 0), some & (end >= length)]
        near += [some & (first <= margin), some & (end >= length - margin)]
    cut = [one & other for one, other in zip(touched, at_frame, strict=True)]
    return cut, [one & ~other for one, other in zip(near, at_frame, strict=True)]


GRAPHS: dict[str, Callable[[], onnx.ModelProto]] = {"prepare": prepare, "table": table, "crop": crop, "count": count}


def _vector(*scalars: Value) -> Value:
    """Scalars as one vector."""
    return scalars[0].sheet.apply("Concat", *(value.shaped(1) for value in scalars), axis=0)


def _model(sheet: Sheet, name: str, inputs: Tensors, outputs: Tensors) -> onnx.ModelProto:
    """A checked model without metadata."""
    graph = sheet.graph(f"edge_cataract_{name}", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    model.producer_name = "edge-cataract"
    onnx.checker.check_model(model, full_check=True)
    domains = {node.domain for node in model.graph.node}
    if domains != {""} or model.functions:
        raise ExportError("graph", f"Domains {sorted(domains)} are forbidden.", "Report this fault.")
    return model
