"""An emulated Raspberry Pi 4: qemu runs what runs on ARM, with the files of a board's Debian below a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EMULATOR = ("qemu-aarch64-static", "-cpu", "cortex-a72")
_CORE = """processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""
_CACHES = (("1", "Data", "32K"), ("1", "Instruction", "48K"), ("2", "Unified", "1024K"))


def emulated(program: Path) -> list[str]:
    """The beginning of the command that runs a program of a board."""
    return [*EMULATOR, str(program.resolve())]


def environment_of(root: Path) -> dict[str, str]:
    """The environment in which programs find the libraries of the board whose files are below `root`."""
    return {"QEMU_LD_PREFIX": str(root), "PATH": os.environ["PATH"]}


def describe_processor(root: Path) -> None:
    """A Raspberry Pi 4 as its system describes it: onnxruntime from 1.28 on stumbles over the host's description."""
    files = {
        "proc/cpuinfo": "".join(_CORE.format(number=number) for number in range(4)) + "Hardware\t: BCM2835\n",
        **{f"sys/devices/system/cpu/{name}": "0-3\n" for name in ("online", "possible", "present")},
    }
    for core in range(4):
        for index, (level, kind, size) in enumerate(_CACHES):
            cache = f"sys/devices/system/cpu/cpu{core}/cache/index{index}"
            shared = "0-3" if kind == "Unified" else str(core)
            facts = {"level": level, "type": kind, "size": size, "shared_cpu_list": shared, "coherency_line_size": "64"}
            files |= {f"{cache}/{name}": value + "\n" for name, value in facts.items()}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
