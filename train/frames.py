"""The names of prepared frames, for programs that were written before `train.data`."""

from __future__ import annotations

from train.data.frames import GridFrames, native_labels, prepare, read_labels

__all__ = ["GridFrames", "native_labels", "prepare", "read_labels"]
