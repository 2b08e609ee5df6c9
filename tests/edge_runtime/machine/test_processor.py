"""What the processor can do is read from the machine, and decides how int8 products are summed."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.machine import processor
from edge_runtime.machine.processor import instruction_set, sums_int8_exactly
from edge_runtime.model import session


@pytest.fixture
def processor_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str | None], str]:
    """The instruction set that is found on a machine with this content of /proc/cpuinfo."""

    def found(machine: str, cpuinfo: str | None) -> str:
        path = tmp_path / "cpuinfo"
        if cpuinfo is not None:
            path.write_text(cpuinfo)
        monkeypatch.setattr(platform, "machine", lambda: machine)
        monkeypatch.setattr(processor, "open", lambda _, **options: path.open(**options), raising=False)
        return instruction_set()

    return found


@pytest.mark.parametrize(
    ("machine", "cpuinfo", "expected"),
    [
        ("x86_64", "processor : 0\nflags : fpu avx2 avx512f avx512_vnni\n", "x86_64-avx512_vnni"),
        ("x86_64", "processor : 0\nflags : fpu avx2 avx_vnni\n", "x86_64-avx_vnni"),
        ("x86_64", "flags : fpu avx2 avx512f\n", "x86_64-avx512f"),
        ("x86_64", "flags : fpu sse2\nflags : fpu avx2\n", "x86_64"),
        ("aarch64", "processor : 0\nFeatures : fp asimd asimddp\n", "aarch64-asimddp"),
        ("aarch64", "model name : without a list of features\n", "aarch64"),
        ("arm64", None, "arm64"),
    ],
)
def test_instruction_set_is_the_widest_of_the_first_processor(
    machine: str, cpuinfo: str | None, expected: str, processor_of: Callable[[str, str | None], str]
) -> None:
    assert processor_of(machine, cpuinfo) == expected


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
    options = session.session_options(1)
    if exact:
        with pytest.raises(RuntimeError, match="x64quantprecision"):
            options.get_session_config_entry("session.x64quantprecision")
    else:
        assert options.get_session_config_entry("session.x64quantprecision") == "1"
