"""The largest connected piece of a map."""

from __future__ import annotations

import numpy as np

from edge_runtime.frame.pieces import Piece


def drawn(*rows: str) -> np.ndarray:
    return np.array([[mark == "x" for mark in row] for row in rows], np.uint8)


def test_the_largest_piece_is_boxed_and_the_others_are_counted() -> None:
    piece = Piece.largest(drawn("x..x", "..xx", ".x.."))
    assert piece is not None
    assert (piece.top, piece.left, piece.bottom, piece.right) == (0, 1, 3, 4)
    assert (piece.pixels, piece.marked) == (4, 5)
    assert np.array_equal(piece.numbers == piece.number, drawn("...x", "..xx", ".x..") == 1)


def test_an_empty_map_has_none() -> None:
    assert Piece.largest(np.zeros((3, 4), np.uint8)) is None


def test_of_equal_pieces_the_one_whose_first_pixel_comes_first_is_taken() -> None:
    # OpenCV goes by blocks of two rows, and numbers the lower one first.
    piece = Piece.largest(drawn("....x", "x...."))
    assert piece is not None
    assert (piece.top, piece.left) == (0, 4)
    assert piece.numbers[0, 4] == piece.number
