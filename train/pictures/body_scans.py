"""Optical coherence tomography of other things than eyes: vessels, skin, fingers, teeth, layered matter."""

from __future__ import annotations

import numpy as np

from .canvas import Drawing, Shape, blank, clouds, grid, layered, oct_look, paint_below, polar, smoothed, wave

_AIR = -25.0


def vessel(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A vessel from inside: catheter rings, lumen, wall with plaque; round, or unrolled into a band."""
    rows, columns = shape
    short = min(shape)
    if rng.random() < 0.7:
        radius, angle = polar(shape, (rows * rng.uniform(0.45, 0.55), columns * rng.uniform(0.45, 0.55)))
    else:
        row, column = grid(shape)
        radius, angle = np.broadcast_arrays(row * short / rows * 0.5, column / columns * np.float32(2 * np.pi))
    phase = rng.uniform(0, 2 * np.pi, 3)
    wall = short * rng.uniform(0.14, 0.26) * (
        1.0 + 0.3 * np.cos(angle + phase[0]) + 0.1 * np.cos(2 * angle + phase[1]) + 0.04 * np.cos(3 * angle + phase[2])
    )  # fmt: skip
    depth = (radius - wall) / short
    levels = np.where(depth > 0, 26.0 - depth * rng.uniform(70.0, 130.0) + 6.0 * clouds(rng, shape, 0.7, 8), _AIR)
    media = (depth > 0.02) & (depth < rng.uniform(0.03, 0.05))
    levels = np.where(media, levels - 9.0, levels)
    plaque = (np.cos(angle - phase[2]) > rng.uniform(0.6, 0.95)) & (depth > 0.015) & (depth < rng.uniform(0.05, 0.12))
    levels = np.where(plaque, levels - rng.uniform(8.0, 18.0), levels)
    levels = np.where(np.cos(angle - phase[0]) > rng.uniform(0.985, 0.999), np.minimum(levels, _AIR / 2), levels)
    for ring in rng.uniform(0.02, 0.07, 3):
        levels = np.where(np.abs(radius / short - ring) < 0.003, 28.0, levels)
    return oct_look(rng, smoothed(levels.astype(np.float32), 1.0))


def skin(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Skin: a bright surface, a darker epidermis, a bright dermis with hair follicles."""
    rows, columns = shape
    top = rows * rng.uniform(0.06, 0.3) + wave(rng, columns, rows * 0.012, 0.08) + wave(rng, columns, rows * 0.03, 0.6)
    thin = rows * rng.uniform(0.04, 0.1) * (1.0 + wave(rng, columns, 0.2, 0.05))
    row, _ = grid(shape)
    depth = (row - top[None, :]) / rows
    levels = np.where(depth > 0, 24.0 - depth * rng.uniform(28.0, 60.0) + 6.0 * clouds(rng, shape, 0.5, 14), _AIR)
    levels = np.where((depth > 0.008) & (row < (top + thin)[None, :]), levels - rng.uniform(5.0, 10.0), levels)
    levels = np.where(np.abs(depth) < 0.008, 30.0, levels)
    for _ in range(rng.integers(0, 6)):
        column, slope = rng.uniform(0, columns), rng.uniform(-0.8, 0.8)
        away = np.abs(np.arange(columns, dtype=np.float32)[None, :] - column - slope * depth * rows)
        levels = np.where((away < columns * 0.012) & (depth > 0.03) & (depth < 0.4), levels - 12.0, levels)
    return oct_look(rng, smoothed(levels.astype(np.float32), 1.0))


def finger(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A fingertip: ridges twice, on the skin and below it, and the spirals of sweat ducts."""
    rows, columns = shape
    across = np.linspace(-1.0, 1.0, columns, dtype=np.float32)
    ridges = np.sin(across * rng.uniform(20.0, 60.0) + wave(rng, columns, 1.0, 0.3)) * rows * rng.uniform(0.006, 0.02)
    bend = rows * rng.uniform(0.05, 0.5) * across**2
    top = rows * rng.uniform(0.05, 0.25) + bend + ridges
    horn = rows * rng.uniform(0.1, 0.22)
    row, _ = grid(shape)
    depth = (row - top[None, :]) / rows
    levels = np.where(depth > 0, 12.0 - depth * 10.0, _AIR)
    inner = row - (top + horn + ridges * 1.2)[None, :]
    levels = np.where(inner > 0, 24.0 - inner / rows * rng.uniform(40.0, 80.0), levels)
    levels = levels + np.where(depth > 0, 4.0 * clouds(rng, shape, 0.5, 20), 0.0)
    levels = np.where(np.abs(depth) < 0.007, 30.0, levels)
    turns = np.sin(row / rows * rng.uniform(200.0, 400.0)) * columns * 0.004
    for _ in range(rng.integers(2, 9)):
        away = np.abs(np.arange(columns, dtype=np.float32)[None, :] - rng.uniform(0, columns) - turns)
        levels = np.where((away < columns * 0.003) & (depth > 0.01) & (inner < 0), 26.0, levels)
    return oct_look(rng, smoothed(levels.astype(np.float32), 1.0))


def tooth(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A tooth: bright enamel of curved outline, a thin line below it, dentine, a decayed spot."""
    rows, columns = shape
    across = np.linspace(-1.0, 1.0, columns, dtype=np.float32) - rng.uniform(-0.4, 0.4)
    top = rows * (rng.uniform(0.1, 0.3) + rng.uniform(0.15, 0.5) * np.abs(across) ** rng.uniform(1.5, 3.0))
    top = top + wave(rng, columns, rows * 0.008, 0.15)
    thick = rows * rng.uniform(0.15, 0.35) * np.exp(-(across**2)) + 4.0
    row, _ = grid(shape)
    depth = (row - top[None, :]) / rows
    beyond = (row - (top + thick)[None, :]) / rows
    levels = np.where(depth > 0, 20.0 - depth * rng.uniform(10.0, 40.0), _AIR)
    levels = np.where(beyond > 0, 17.0 - beyond * 70.0 + 3.0 * clouds(rng, shape, 0.4, 24), levels)
    levels = np.where((np.abs(beyond) < 0.004) | (np.abs(depth) < 0.005), 29.0, levels)
    spot, _ = polar(shape, (rows * rng.uniform(0.2, 0.5), columns * rng.uniform(0.2, 0.8)))
    levels = np.where(depth > 0, levels + 14.0 * np.exp(-((spot / (rows * 0.08)) ** 2)), levels)
    return oct_look(rng, smoothed(levels.astype(np.float32), 1.0))


def layers(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A stack of tape, paint or paper: many flat or bent layers of one thickness each."""
    rows, columns = shape
    across = np.linspace(-1.0, 1.0, columns, dtype=np.float32)
    top = rows * (rng.uniform(0.05, 0.3) + rng.uniform(-0.1, 0.1) * across + rng.uniform(-0.15, 0.15) * across**2)
    stack, left = [], float(rng.integers(3, 20))
    while left > 0:
        stack += [(rows * rng.uniform(0.01, 0.07), rng.uniform(2.0, 20.0)), (2.0, rng.uniform(20.0, 32.0))]
        left -= 1
    levels = layered(shape, top.astype(np.float32), stack, _AIR)
    paint_below(levels, (top + sum(thick for thick, _ in stack)).astype(np.float32), _AIR)
    depth = (grid(shape)[0] - top[None, :]) / rows
    return oct_look(rng, (levels - np.maximum(depth, 0.0) * rng.uniform(0.0, 25.0)).astype(np.float32))


def fan_of_tissue(rng: np.random.Generator, shape: Shape) -> Drawing:
    """An endoscope's sector: bands of a mucosa bent along the fan, black outside of it."""
    rows, columns = shape
    radius, angle = polar(shape, (-rows * rng.uniform(0.05, 0.6), columns * 0.5))
    depth = (radius - rows * rng.uniform(0.4, 0.7)) / rows + 0.03 * np.sin(angle * rng.uniform(6.0, 20.0))
    levels = np.where(
        depth > 0,
        25.0
        - depth * 50.0
        + rng.uniform(1.0, 5.0) * np.sin(depth * rng.uniform(20.0, 70.0) + 5.0 * clouds(rng, shape, 1.0, 4)),
        _AIR,
    )
    levels = (levels + 14.0 * (clouds(rng, shape, 0.6, 10) - 0.5)).astype(np.float32)
    shown = oct_look(rng, levels)
    wide = np.abs(angle - np.pi / 2) < rng.uniform(0.4, 0.8)
    return np.where(wide & (depth < 0.5), shown, blank(shape)).astype(np.float32)
