from __future__ import annotations

import re

import pytest

from edge_runtime.machine import processor
from edge_runtime.machine.processor import instruction_set, sums_int8_exactly
from edge_runtime.model import network


def test_instruction_set_begins_with_the_machine() -> None:
    assert re.fullmatch(r"[a-z0-9_]+(-[a-z0-9_]+)?", instruction_set())


@pytest.mark.parametrize(
    ("isa", "exact"),
    [
        ("x86_64-avx512_vnni", True), ("x86_64-avx_vnni", True), ("x86_64-avx512f", False), ("x86_64-avx2", False),
        ("x86_64", False), ("amd64", False), ("aarch64-i8mm", True), ("armv7l", True),
    ],
)  # fmt: skip
def test_int8_is_summed_exactly_where_the_processor_would_not(
    isa: str, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "instruction_set", lambda: isa)
    assert sums_int8_exactly() is exact
    options = network.session_options(1)
    if exact:
        with pytest.raises(RuntimeError, match="x64quantprecision"):
            options.get_session_config_entry("session.x64quantprecision")
    else:
        assert options.get_session_config_entry("session.x64quantprecision") == "1"
