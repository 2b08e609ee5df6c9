from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.data.dataset import DatasetError
from train.data.masks import Drawing, paint, read_drawing, write_masks


def labelme(path: Path, *shapes: dict[str, Any], **more: Any) -> Path:
    """A file as LabelMe 5 writes it, without the embedded image."""
    content = {"version": "5.5.0", "flags": {}, "imagePath": f"../images/{path.stem}.png", "imageData": None,
               "imageHeight": 60, "imageWidth": 80, "shapes": list(shapes)} | more  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def polygon(label: str, *points: tuple[float, float], kind: str = "polygon") -> dict[str, Any]:
    return {"label": label, "points": [list(point) for point in points], "group_id": None, "shape_type": kind}


SQUARE = ((10, 20), (30, 20), (30, 50), (10, 50))


def test_a_rectangle_covers_its_pixels_and_no_more() -> None:
    labels = paint(Drawing(60, 80, ((2, np.array(SQUARE, float)),)))
    assert labels.sum() == 2 * 20 * 30
    assert (labels[20:50, 10:30] == 2).all()


def test_a_disc_has_the_area_of_a_disc() -> None:
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    points = np.stack([40 + 25 * np.cos(angle), 30 + 25 * np.sin(angle)], axis=1)
    assert paint(Drawing(60, 80, ((1, points),))).sum() == pytest.approx(np.pi * 25**2, rel=0.01)


def test_a_polygon_beyond_the_frame_is_cut_at_it() -> None:
    labels = paint(Drawing(60, 80, ((1, np.array([(-1, -1), (10, -1), (10, 10), (-1, 10)], float)),)))
    assert labels.sum() == 100


def test_cataract_lies_over_clear_lens_in_whatever_order_they_were_drawn(tmp_path: Path) -> None:
    inner = polygon("cataract", (15, 25), (20, 25), (20, 30), (15, 30))
    file = labelme(tmp_path / "a.json", inner, polygon("Clear_Lens", *SQUARE))
    faults: list[str] = []
    drawing = read_drawing(file, faults)
    assert not faults
    assert drawing is not None
    labels = paint(drawing)
    assert (np.count_nonzero(labels == 2), np.count_nonzero(labels == 1)) == (25, 575)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (polygon("iris", *SQUARE), "label 'iris' is unknown, clear lens or cataract was expected"),
        (polygon("cataract", (1, 1), (2, 2), kind="rectangle"), "is a rectangle, a polygon was expected"),
        (polygon("cataract", (1, 1), (2, 2)), "at least three points"),
        (polygon("cataract", (1, 1), (200, 2), (3, 3)), "a point lies outside the image of 80 x 60"),
        ({"points": []}, "label and points were expected"),
    ],
)
def test_every_fault_is_named_and_nothing_is_written(shape: dict[str, Any], message: str, tmp_path: Path) -> None:
    labelme(tmp_path / "in/a.json", polygon("cataract", *SQUARE), shape)
    (tmp_path / "in/b.json").write_text("[]")
    with pytest.raises(DatasetError) as caught:
        write_masks(tmp_path / "in", tmp_path / "masks")
    assert any(message in fault and fault.startswith("a.json: shape 2: ") for fault in caught.value.faults)
    assert any(fault.startswith("b.json: no LabelMe file") for fault in caught.value.faults)
    assert not (tmp_path / "masks").exists()


@pytest.mark.parametrize(
    "points",
    [
        SQUARE + SQUARE,
        SQUARE[:1] + SQUARE[::-1] + SQUARE,
        SQUARE + SQUARE[:1] + ((15, 25), (20, 25), (20, 30), (15, 30), (15, 25), (10, 20)),
        SQUARE + SQUARE[:1] + ((15, 25), (15, 30), (20, 30), (20, 25), (15, 25), (10, 20)),
    ],
    ids=["traced twice", "traced there and back", "with an inner loop", "with an inner loop the other way"],
)
def test_whatever_an_outline_encloses_belongs_to_it(points: tuple[tuple[float, float], ...]) -> None:
    labels = paint(Drawing(60, 80, ((2, np.array(points, float)),)))
    assert np.count_nonzero(labels) in (600, 0)  # there and back encloses nothing
    assert np.count_nonzero(labels) == 600 or points[1] == SQUARE[-1]


def test_a_hole_that_was_filled_is_counted() -> None:
    inner = ((15, 25), (15, 30), (20, 30), (20, 25), (15, 25), (10, 20))
    assert Drawing(60, 80, ((2, np.array(SQUARE + SQUARE[:1] + inner, float)),)).filled_px == 25
    assert Drawing(60, 80, ((2, np.array(SQUARE + SQUARE, float)),)).filled_px == 0


def test_a_bay_that_opens_at_the_edge_of_the_frame_is_no_hole() -> None:
    bay = np.array([(-1, -1), (20, -1), (20, 20), (40, 20), (40, -1), (60, -1), (60, 40), (-1, 40)], float)
    assert np.count_nonzero(paint(Drawing(60, 80, ((1, bay),)))) == 60 * 40 - 20 * 20


def test_an_outline_that_crosses_itself_keeps_both_its_parts() -> None:
    bow_tie = np.array([(10, 10), (50, 50), (50, 10), (10, 50)], float)
    labels = paint(Drawing(60, 80, ((1, bow_tie),)))
    assert np.count_nonzero(labels) == pytest.approx(800, abs=45)


@pytest.mark.parametrize("points", [((5, 5), (20, 20), (40, 40)), ((5, 5), (5.2, 5), (5, 5.2))])
def test_a_polygon_that_encloses_no_pixel_is_a_fault(points: tuple[tuple[float, float], ...], tmp_path: Path) -> None:
    faults: list[str] = []
    read_drawing(labelme(tmp_path / "a.json", polygon("cataract", *points)), faults)
    assert faults == ["a.json: shape 1: encloses no pixel"]


def test_a_mask_of_labelme_s_assistant_is_refused_in_one_sentence(tmp_path: Path) -> None:
    faults: list[str] = []
    read_drawing(labelme(tmp_path / "a.json", polygon("lens", (1, 1), (9, 9), kind="mask")), faults)
    assert len(faults) == 1
    assert "is a mask, a polygon was expected" in faults[0]
