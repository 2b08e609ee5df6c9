"""Programs that were written before a module moved still find what they imported from it."""

from __future__ import annotations

from importlib import import_module

import pytest

FORMER = {
    "edge_runtime.model_file": (
        ("DEFAULT_PRECISION", "edge_runtime.model.precision"),
        ("PRECISIONS", "edge_runtime.model.precision"),
        ("Brightness", "edge_runtime.frame.brightness"),
        ("ModelMetadata", "edge_runtime.model.metadata"),
        ("check_seal", "edge_runtime.model.seal"),
        ("inspect", "edge_runtime.model.onnx_file"),
        ("seal", "edge_runtime.model.seal"),
    ),
    "edge_runtime.scan": (
        ("captured_messages", "edge_runtime.reading.decoder_messages"),
        ("decode_scan", "edge_runtime.reading.raster"),
        ("read_scan", "edge_runtime.reading.raster"),
    ),
    "train.dataset": tuple(
        (name, "train.data.dataset") for name in ("Dataset", "DatasetError", "ScanRecord", "read_dataset")
    ),
    "train.frames": tuple(
        (name, "train.data.frames") for name in ("GridFrames", "native_labels", "prepare", "read_labels")
    ),
}


@pytest.mark.parametrize("module", FORMER)
def test_names_are_found_where_they_were(module: str) -> None:
    for name, home in FORMER[module]:
        assert getattr(import_module(module), name) is getattr(import_module(home), name)


def test_a_scan_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        import_module("edge_runtime.scan").no_such_name  # noqa: B018
