"""Scatter of a condition of the cornea, and its shadow on everything below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.optics import CORNEA_INDEX
from train.phantom.eye.corneal_condition import CornealCondition, CorneaState
from train.phantom.field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces, View

DB = np.float32(np.log(10) / 10)


def paint_cornea_state(
    signal: NDArray[np.float32],
    surfaces: Surfaces,
    view: View,
    state: CorneaState,
    grid: Grid,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Brighten the cornea and darken what lies below, in place.

    Returns the share of light that is left below, (columns,) float32.
    """
    x, y = view.to_eye(surfaces.lateral)
    distance = np.hypot(x - np.float32(state.x_mm), y - np.float32(state.y_mm))
    if state.condition is CornealCondition.CONTACT_LENS:
        return _paint_contact_lens(signal, surfaces, distance, state, grid)
    outward = 1.0 if state.condition is CornealCondition.ARCUS else -1.0
    inside_mm = outward * (distance - state.radius_mm) / (0.12 * min(state.radius_mm, 2.0))
    amount = 1 / (1 + np.exp(-np.clip(inside_mm, -30, 30)))
    if state.condition is CornealCondition.ARCUS:
        amount = amount / (1 + np.exp((distance - 5.6) / 0.12))
    amount = (amount * (1 + 0.25 * np.clip(smooth_walk(rng, grid.columns, 6), -2, 2))).astype(np.float32)
    first = max(int(surfaces.cornea_path.min() / grid.row_mm) - 2, 0)
    inner = np.abs(surfaces.lateral) < 6.2
    last = min(int(surfaces.back_path[inner].max() / grid.row_mm) + 8, grid.rows)
    path = grid.depth_mm[first:last, None]
    depth = (path - surfaces.cornea_path) / (surfaces.back_path - surfaces.cornea_path)
    inside = (
        np.clip((depth - state.first) / 0.06, 0, 1)
        * np.clip((state.last - depth) / 0.06 + 0.5, 0, 1)
        * (depth > 0)
        * (depth < 1)
    )
    signal[first:last] *= np.exp(DB * state.scatter_db * amount * inside)
    if state.condition is CornealCondition.GUTTAE:
        bumps = np.float32(0.022) * np.maximum(smooth_walk(rng, grid.columns, 2.2), 0) * amount
        line = (path - surfaces.back_path) / np.float32(CORNEA_INDEX)
        drop = np.clip(line / 0.004, 0, 1) * np.clip((bumps - line) / 0.004, 0, 1)
        signal[first:last] += (drop * 10 ** ((15 + state.scatter_db) / 10)).astype(np.float32)
    below = np.clip((grid.depth_mm[:, None] - surfaces.cornea_path) / (surfaces.back_path - surfaces.cornea_path), 0, 1)
    signal *= np.exp(-DB * state.loss_db * amount * below)
    left: NDArray[np.float32] = np.exp(-DB * np.float32(state.loss_db) * amount)
    return left


def _paint_contact_lens(
    signal: NDArray[np.float32], surfaces: Surfaces, distance: NDArray[np.float32], state: CorneaState, grid: Grid
) -> NDArray[np.float32]:
    """Paint a soft lens on its thin dark film of tears; returns the share of light that is left below."""
    cover = (np.clip((state.radius_mm - distance) / 0.05, 0, 1) * (distance < 9)).astype(np.float32)
    whole = np.float32(1.42 * state.last) * np.minimum(1, 0.4 + (state.radius_mm - distance).clip(0, 1))
    bottom = surfaces.cornea_path - np.float32(0.018)
    top = bottom - whole
    path = grid.depth_mm[:, None]
    body = np.clip((path - top) / grid.row_mm + 0.5, 0, 1) * np.clip((bottom - path) / grid.row_mm + 0.5, 0, 1)
    lines = np.exp(-(((path - top) / 0.010) ** 2)) + 0.6 * np.exp(-(((path - bottom) / 0.010) ** 2))
    glow = np.exp(-((surfaces.lateral / 3.0) ** 2)) + 0.12
    signal += (cover * (body * 10 ** (state.scatter_db / 10) + lines * glow * 10**1.9)).astype(np.float32)
    signal *= np.exp(-DB * state.loss_db * cover * (path > bottom))
    left: NDArray[np.float32] = np.exp(-DB * np.float32(state.loss_db) * cover)
    return left
