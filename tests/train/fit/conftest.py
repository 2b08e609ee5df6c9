"""The made-up dataset that the tests of training share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.synthetic import make_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("fit") / "data")
