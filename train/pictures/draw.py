"""A picture that shows no anterior segment, from a seed and a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_runtime.look.tissues import Picture
from train.phantom.seeds import generator

from . import back_scans, body_scans, clinic, front_scans, pages, patterns, scenes, sham_eyes, ultrasound
from .canvas import Drawing, Shape
from .finish import finished, frame_shape

Painter = Callable[[np.random.Generator, Shape], Drawing]

_LONG_SIDE = 860  # a drawing of a scan or a scene is so long at most; devices enlarge what they record, too
_OTHER_SCANS: dict[str, Painter] = {
    "cornea-close-up": front_scans.cornea_close_up,
    "cornea-thin": front_scans.cornea_thin,
    "cornea-and-iris": front_scans.cornea_and_iris,
    "cornea-mirrored": front_scans.cornea_mirrored,
    "angle": front_scans.angle,
    "sclera": front_scans.sclera,
    "macula": back_scans.macula,
    "periphery": back_scans.periphery,
    "oedema": back_scans.oedema,
    "drusen": back_scans.drusen,
    "optic-disc": back_scans.optic_disc,
    "choroid": back_scans.choroid,
    "vessel": body_scans.vessel,
    "skin": body_scans.skin,
    "finger": body_scans.finger,
    "tooth": body_scans.tooth,
    "layers": body_scans.layers,
    "fan-of-tissue": body_scans.fan_of_tissue,
}
_SOFT: dict[str, Painter] = {
    "ultrasound-fan": ultrasound.fan,
    "ultrasound-of-the-front": ultrasound.front_sector,
    "sky": scenes.sky,
    "shaded-bodies": scenes.shaded_bodies,
    "face": scenes.face,
    "objects": scenes.objects,
    "horizon": scenes.horizon,
    "foliage": scenes.foliage,
    "texture": scenes.texture,
    "rings-of-light": scenes.rings_of_light,
    "fundus": clinic.fundus,
    "angiogram": clinic.angiogram,
    "slit-lamp": clinic.slit_lamp,
    "corneal-map": clinic.corneal_map,
    "chest": clinic.chest,
    "tomogram": clinic.tomogram,
    "cells": clinic.cells,
    "endothelium": clinic.endothelium,
    "street-map": pages.street_map,
    "checkerboard": patterns.checkerboard,
    "test-card": patterns.test_card,
    "even-noise": patterns.even_noise,
    "smooth-noise": patterns.smooth_noise,
    "block-noise": patterns.block_noise,
    "static": patterns.static,
    "arcs": sham_eyes.arcs,
    "discs": sham_eyes.discs,
    "cartoon-lens": sham_eyes.cartoon_lens,
    "noisy-zones": sham_eyes.noisy_zones,
}
_SHARP: dict[str, Painter] = {  # drawn at full size: thin lines and letters
    "ultrasound-curves": ultrasound.curves,
    "text-page": pages.text_page,
    "table": pages.table,
    "report-page": pages.report_page,
    "screenshot": pages.screenshot,
    "line-chart": pages.line_chart,
    "bar-chart": pages.bar_chart,
    "scatter-plot": pages.scatter_plot,
    "heat-map": pages.heat_map,
    "night": scenes.night,
    "bar-code": patterns.bar_code,
    "square-code": patterns.square_code,
    "even-grey": patterns.steps,
    "crude-eye": sham_eyes.crude_eye,
}
FAMILIES: tuple[str, ...] = (*_OTHER_SCANS, *_SOFT, *_SHARP)
HELD_OUT_FAMILIES: tuple[str, ...] = (  # never trained on: what a network says of them is a measurement
    "cornea-mirrored",
    "sclera",
    "periphery",
    "oedema",
    "optic-disc",
    "skin",
    "ultrasound-of-the-front",
    "shaded-bodies",
    "horizon",
    "foliage",
    "slit-lamp",
    "angiogram",
    "tomogram",
    "cells",
    "block-noise",
    "static",
    "discs",
    "report-page",
    "bar-chart",
    "street-map",
    "square-code",
    "crude-eye",
)
TRAINING_FAMILIES: tuple[str, ...] = tuple(name for name in FAMILIES if name not in HELD_OUT_FAMILIES)


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """A picture, and what it is.

    Attributes
    ----------
    pixels
        (rows, columns) uint8 grey values.
    picture
        `Picture.OTHER_SCAN` or `Picture.NOT_A_SCAN`.
    family
        Which kind of drawing it is, one of `FAMILIES`.
    """

    pixels: NDArray[np.uint8]
    picture: Picture
    family: str


def draw_picture(seed: str, number: int, families: Sequence[str] | None = None) -> DrawnPicture:
    """Draw one picture of one of these families, each as likely; the seed and the number alone decide.

    Parameters
    ----------
    seed
        Names a series of pictures.
    number
        Which picture of the series.
    families
        Some of `FAMILIES`; None: those that training may draw, `TRAINING_FAMILIES`.

    Raises
    ------
    ValueError
        When a family is not known, or none is given.
    """
    wanted = TRAINING_FAMILIES if families is None else tuple(families)
    unknown = sorted(set(wanted).difference(FAMILIES))
    if unknown or not wanted:
        raise ValueError(f"These are no families of pictures: {', '.join(unknown) or 'none was given'}.")
    rng = generator("pictures", seed, number)
    family = wanted[rng.integers(len(wanted))]
    picture = Picture.OTHER_SCAN if family in _OTHER_SCANS else Picture.NOT_A_SCAN
    shape = frame_shape(rng)
    painter = (_OTHER_SCANS | _SOFT | _SHARP)[family]
    factor = 1.0 if family in _SHARP else min(1.0, _LONG_SIDE / max(shape))
    drawing = painter(rng, (round(shape[0] * factor), round(shape[1] * factor)))
    return DrawnPicture(finished(rng, drawing, shape, picture), picture, family)
