from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from train.torch_predictor import TorchNetwork

from .test_checkpoint import checkpoint


@pytest.fixture
def _every_warning() -> Iterator[None]:
    """Torch gives this warning once per process: a test that ran before must not hide it."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)


@pytest.mark.slow
@pytest.mark.usefixtures("_every_warning")
def test_a_window_that_cannot_be_written_to_is_labelled_without_a_warning() -> None:
    window = np.random.default_rng(0).integers(0, 256, (64, 96), dtype=np.uint8)
    network = TorchNetwork(checkpoint(), "0")
    expected = network.predict(window)
    before = window.copy()
    window.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = network.predict(window)
    assert np.array_equal(found.labels, expected.labels)
    assert np.array_equal(window, before)


@pytest.mark.usefixtures("_every_warning")
def test_sharing_such_a_window_with_torch_would_warn() -> None:
    window = np.zeros((4, 4), np.uint8)
    window.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        torch.from_numpy(window)
