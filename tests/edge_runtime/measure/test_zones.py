from __future__ import annotations

import numpy as np

from edge_runtime.measure.zones import nucleus_of


def test_the_nucleus_is_the_middle_of_the_lens() -> None:
    labels = np.zeros((60, 50), np.uint8)
    labels[10:50, 5:45] = 1  # 40 rows, 40 columns
    rows, columns = np.nonzero(nucleus_of(labels))
    # Depth 0.35 to 0.70 of 40 rows: pixel centres from 14 to 28; central 16 of 40 columns.
    assert (rows.min(), rows.max()) == (10 + 14, 10 + 27)
    assert (columns.min(), columns.max()) == (5 + 12, 5 + 27)
    assert not nucleus_of(np.zeros((4, 4), np.uint8)).any()


def test_the_nucleus_follows_a_tilted_lens_column_by_column() -> None:
    labels = np.zeros((80, 40), np.uint8)
    for column in range(40):
        labels[column : column + 20, column] = 1
    rows, columns = np.nonzero(nucleus_of(labels))
    assert set((rows - columns).tolist()) == set(range(7, 14))
