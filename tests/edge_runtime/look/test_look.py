"""A look names the kind of picture, says where the lens is, and refuses what is no look."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from edge_runtime.errors import InferenceError, ModelIncompatibleError
from edge_runtime.frame.resample import coarse_grey
from edge_runtime.frame.window import CropWindow
from edge_runtime.look.look import Look
from edge_runtime.look.network import LookNetwork
from edge_runtime.look.tissues import Picture, Tissue
from tests.make_tiny_look import tiny_look_bytes
from tests.make_tiny_model import tiny_model_bytes


def kinds(**probability: float) -> tuple[float, ...]:
    return tuple(probability.get(picture.name.lower(), 0.0) for picture in Picture)


def test_frame_becomes_tissues_at_a_sixteenth_and_a_kind() -> None:
    frame = np.zeros((331, 500), np.uint8)
    frame[64:160, 96:256] = 200
    look = LookNetwork(tiny_look_bytes(kinds(artificial_lens=0.75, no_lens=0.25)), 1).look_at(coarse_grey(frame))
    assert look is not None
    assert look.tissues.shape == (21, 31)  # of 41 x 62 pixels of 8 x 8
    assert look.picture is Picture.ARTIFICIAL_LENS
    assert look.probability(Picture.ARTIFICIAL_LENS, Picture.NO_LENS) == 1.0
    assert look.lens_box == CropWindow(64, 96, 96, 160)
    assert look.share(Tissue.NATURAL_LENS) == 60 / 651


def test_lens_is_the_largest_piece() -> None:
    tissues = np.zeros((20, 30), np.uint8)
    tissues[2, 3] = tissues[10:14, 20:25] = Tissue.NATURAL_LENS
    assert Look(tissues, kinds(natural_lens=1.0)).lens_box == CropWindow(160, 320, 64, 80)
    assert Look(np.zeros_like(tissues), kinds(no_lens=1.0)).lens_box is None


@pytest.mark.parametrize("shape", [(7, 900), (900, 7), (1, 1)])
def test_frame_without_a_block_is_not_looked_at(shape: tuple[int, int]) -> None:
    assert LookNetwork(tiny_look_bytes(), 1).look_at(coarse_grey(np.zeros(shape, np.uint8))) is None


@pytest.mark.parametrize("shape", [(8, 8), (8, 17), (24, 8)])
def test_smallest_frames_are_looked_at(shape: tuple[int, int]) -> None:
    assert LookNetwork(tiny_look_bytes(), 1).look_at(coarse_grey(np.zeros(shape, np.uint8))) is not None


def test_probability_that_is_not_finite_fails() -> None:
    with pytest.raises(InferenceError):
        LookNetwork(tiny_look_bytes(kinds(no_lens=float("nan"))), 1).look_at(coarse_grey(np.zeros((80, 80), np.uint8)))


@pytest.mark.parametrize("model", [tiny_model_bytes(), tiny_look_bytes(schema="edge-cataract/look/2")])
def test_another_model_is_no_look(model: bytes) -> None:
    with pytest.raises(ModelIncompatibleError):
        LookNetwork(model, 1)


def test_look_works_in_another_process() -> None:
    look = pickle.loads(pickle.dumps(LookNetwork(tiny_look_bytes(kinds(no_lens=1.0)), 1)))
    assert look.look_at(coarse_grey(np.zeros((80, 80), np.uint8))).picture is Picture.NO_LENS
