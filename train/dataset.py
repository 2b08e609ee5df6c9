"""The names of the dataset layout, for programs that were written before `train.data`."""

from __future__ import annotations

from train.data.dataset import Dataset, DatasetError, ScanRecord, read_dataset

__all__ = ["Dataset", "DatasetError", "ScanRecord", "read_dataset"]
