from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch

from tests.train.synthetic import tiny_recipe_text
from train.data.dataset import read_dataset
from train.data.frames import prepare
from train.fit.batches import Batches, Place, drawn_ahead
from train.fit.recipe import parse_recipe


def test_a_batch_is_a_function_of_its_place(data: Path) -> None:
    recipe = parse_recipe(tiny_recipe_text(), "tiny")
    frames = prepare(read_dataset(data), recipe.grid, recipe.target)
    first, again = (Batches(frames, range(16), recipe) for _ in range(2))
    for _ in first.at(Place(0)), first.at(Place(9)):
        pass  # earlier work leaves no trace
    for place in (Place(3), Place(3, micro=1), Place(40)):
        assert all(torch.equal(one, other) for one, other in zip(first.at(place)[:2], again.at(place)[:2], strict=True))
    assert not torch.equal(first.at(Place(3))[0], first.at(Place(5))[0])


def test_two_processes_see_what_one_with_two_passes_sees(data: Path) -> None:
    text = tiny_recipe_text()
    one_process = parse_recipe(text.replace("batch = 4", "batch = 4\naccumulate = 2"), "tiny")
    frames = prepare(read_dataset(data), 16, "truth_labels")
    accumulated = Batches(frames, range(16), one_process)
    parallel = Batches(frames, range(16), parse_recipe(text, "tiny"))
    for step in range(3):
        for part in range(2):
            expected = accumulated.at(Place(step, micro=part))
            found = parallel.at(Place(step, rank=part, world=2))
            assert all(torch.equal(one, other) for one, other in zip(expected[:2], found[:2], strict=True))


def test_every_scan_is_seen_once_before_any_is_seen_twice(data: Path) -> None:
    recipe = parse_recipe(tiny_recipe_text(), "tiny")
    batches = Batches(prepare(read_dataset(data), 16, "truth_labels"), range(16), recipe)
    assert sorted(batches._scan_at(position) for position in range(16)) == list(range(16))
    assert sorted(batches._scan_at(position) for position in range(16, 32)) == list(range(16))


def test_the_next_batch_is_drawn_while_the_network_works_on_this_one() -> None:
    drawn = [threading.Event() for _ in range(3)]

    def draw(place: Place) -> tuple[torch.Tensor, torch.Tensor]:
        drawn[place.step].set()
        return torch.tensor(place.step), torch.tensor(0)

    coming = drawn_ahead(draw, [Place(step) for step in range(3)])
    for step in range(3):
        assert int(next(coming)[0]) == step
        if step < 2:
            assert drawn[step + 1].wait(timeout=10)
        assert not any(event.is_set() for event in drawn[step + 2 :])
    with pytest.raises(StopIteration):
        next(coming)


def test_a_fault_while_drawing_reaches_the_loop() -> None:
    def draw(place: Place) -> tuple[torch.Tensor, torch.Tensor]:
        raise OSError(f"step {place.step}")

    with pytest.raises(OSError, match="step 4"):
        next(drawn_ahead(draw, [Place(4)]))


def test_no_place_gives_no_batch() -> None:
    def draw(place: Place) -> tuple[torch.Tensor, torch.Tensor]:
        raise AssertionError(place)

    assert list(drawn_ahead(draw, [])) == []


def test_processes_draw_the_same_batches_in_the_same_order(data: Path) -> None:
    recipe = parse_recipe(tiny_recipe_text(), "tiny")
    batches = Batches(prepare(read_dataset(data), recipe.grid, recipe.target), range(16), recipe)
    places = [Place(step) for step in range(5)]
    alone, together = (list(drawn_ahead(batches.at, places, workers)) for workers in (1, 2))
    assert len(alone) == len(together) == 5
    assert all(torch.equal(one[0], other[0]) for one, other in zip(alone, together, strict=True))
    assert all(torch.equal(one[1], other[1]) for one, other in zip(alone, together, strict=True))


def test_evidence_moves_with_the_labels(data: Path) -> None:
    recipe = parse_recipe(tiny_recipe_text(), "tiny")
    frames = prepare(read_dataset(data), 8, recipe.target, evidence_grid=16)
    for step in range(4):
        batch = Batches(frames, range(16), recipe).at(Place(step))
        assert batch.evidence is not None
        lens = batch.labels[:, ::2, ::2] > 0
        known = batch.evidence[:, 2] != 255
        assert float((lens == known).float().mean()) > 0.93  # but for the outline
        assert bool((batch.evidence[:, 0] == 255).all())  # no map of the excess there
