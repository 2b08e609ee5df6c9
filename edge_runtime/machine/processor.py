"""What the processor can do, as far as numbers or their speed depend on it."""

from __future__ import annotations

import platform


def instruction_set() -> str:
    """The machine and its widest vector instructions that matter here; int8 results may differ between them."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            flags = set(next((line for line in file if line.startswith(("flags", "Features"))), "").split())
    except OSError:
        flags = set()
    known = ("avx512_vnni", "avx_vnni", "avx512f", "avx2", "i8mm", "asimddp", "asimd")
    return "-".join([platform.machine(), *(name for name in known if name in flags)][:2])


def sums_int8_exactly() -> bool:
    """Whether products of uint8 and int8 are added in 32 bit at full speed (VNNI, or another architecture than x86)."""
    isa = instruction_set().lower()
    return isa.endswith("vnni") or not isa.startswith(("x86_64", "amd64", "i386", "i686"))
