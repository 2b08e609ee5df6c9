"""What a program occupies on disk."""

from __future__ import annotations

from benchmarks.memory.installed import closure, installed_bytes


def test_what_is_installed_counts_requirements_but_no_extras() -> None:
    found = closure(["onnxruntime"])
    assert {"onnxruntime", "numpy", "protobuf"} <= found
    assert "torch" not in found
    assert 10e6 < installed_bytes(["onnxruntime"]) < installed_bytes(["onnxruntime", "torch"])
