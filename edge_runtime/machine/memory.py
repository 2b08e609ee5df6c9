"""Keep the process under a cap of resident memory, by choosing how much is inferred at a time."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from math import prod

from edge_runtime.errors import ResourceError

MEGABYTE = 1_000_000
MAX_TILE_PIXELS = 6_000_000  # without a cap: whole frames of known devices (3.9 million) at once, larger ones in tiles
# Resident bytes, measured by benchmarks/memory/peak.py. While the network runs: of the code that comes back meanwhile
# (`give_back_code`) with all that does not grow with the scan, per pixel of the scan or of its native frame, and per
# native pixel of a tile. While pictures are drawn: of code, and per pixel of the scan or of its native frame.
NETWORK_BYTES, BYTES_PER_FRAME_PIXEL, BYTES_PER_TILE_PIXEL = 19 * MEGABYTE, 2, 6
PICTURES_BYTES, BYTES_PER_PICTURE_PIXEL = 6 * MEGABYTE, 10
DELIVERY_BYTES = 14 * MEGABYTE  # code that was given back, and that writing the results of an exam brings in
LARGE_BLOCK_BYTES = 1 << 17
_M_MMAP_THRESHOLD = -3  # malloc.h of glibc


def resident_bytes(*, peak: bool) -> int:
    """Resident memory of this process in bytes: now, or its peak so far. Where the system reports no more, the peak."""
    # Not ru_maxrss where it can be helped: on Linux a program inherits that of the one that started it.
    wanted = "VmHWM:" if peak else "VmRSS:"
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(wanted):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError as error:  # Windows
        raise ResourceError(
            "memory-cap", "This system does not say how much memory a process holds.", "Leave out --max-memory."
        ) from error
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def give_back_freed() -> None:
    """Return memory that was freed to the system, where the C library keeps it: glibc, after a model was loaded."""
    glibc("malloc_trim", 0)


def give_back_code() -> None:
    """Return the memory of library code and constants to the system; what is needed again comes back from the files.

    Starting up and decoding a scan run through some 40 MB of it, labelling through half. Linux only. Mappings that
    can be written, or hold a page that was written (relocations), stay as they are.
    """
    import ctypes
    import mmap

    with suppress(AttributeError, OSError, TypeError, ValueError), open("/proc/self/smaps", "rb") as file:
        advise = ctypes.CDLL(None).madvise
        advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        mapping: list[bytes] = []
        for line in file:
            words = line.split(maxsplit=5)
            if not words[0].endswith(b":"):
                mapping = words  # addresses, permissions, offset, device, inode, file
            elif words[:2] == [b"Anonymous:", b"0"] and mapping[1] in (b"r--p", b"r-xp") and mapping[4] != b"0":
                first, last = (int(address, 16) for address in mapping[0].split(b"-"))
                advise(first, last - first, mmap.MADV_DONTNEED)


def keep_no_large_blocks() -> None:
    """From now on, return large blocks to the system as soon as they are freed.

    glibc learns to keep them, and tiles that differ in shape leave gaps which the next cannot use in full.
    """
    glibc("mallopt", _M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


def glibc(name: str, *numbers: int) -> None:
    """Call a function of the C library that takes whole numbers, where there is one of this name."""
    import ctypes

    with suppress(AttributeError, OSError, TypeError):  # not every system, nor every C library, can
        getattr(ctypes.CDLL(None), name)(*numbers)


@dataclass(frozen=True, slots=True)
class Headroom:
    """The memory of this process just after a scan was read, against a cap.

    Attributes
    ----------
    max_memory_mb
        Cap for the peak resident memory of the process, in MB; None: no cap.
    held, reached
        Resident bytes now, and their peak so far; 0 without a cap.
    """

    max_memory_mb: int | None
    held: int = 0
    reached: int = 0

    @classmethod
    def now(cls, max_memory_mb: int | None) -> Headroom:
        """Measured at this moment."""
        if max_memory_mb is None:
            return cls(None)
        return cls(max_memory_mb, resident_bytes(peak=False), resident_bytes(peak=True))

    def largest_tile(self, scan_shape: tuple[int, int], frame_shape: tuple[int, int], smallest: int) -> int:
        """Native pixels that may be inferred at a time.

        Parameters
        ----------
        scan_shape, frame_shape
            (rows, columns) of the scan, and of its native frame.
        smallest
            Native pixels that the smallest possible tile reads.

        Raises
        ------
        ResourceError
            ``memory-cap`` when even the smallest tile, or the pictures of the scan, would break the cap.
        """
        if self.max_memory_mb is None:
            return MAX_TILE_PIXELS
        larger = max(prod(scan_shape), prod(frame_shape))
        drawing = self._drawing(larger)
        labelling = self.held + NETWORK_BYTES + BYTES_PER_FRAME_PIXEL * larger
        pixels = (self.max_memory_mb * MEGABYTE - labelling) // BYTES_PER_TILE_PIXEL
        least = min(smallest, prod(frame_shape))
        if pixels < least or max(drawing, self.reached) > self.max_memory_mb * MEGABYTE:
            raise self._broken("this scan", max(labelling + least * BYTES_PER_TILE_PIXEL, drawing, self.reached))
        return min(pixels, MAX_TILE_PIXELS)

    def check_pictures(self, pixels: int) -> None:
        """Check that pictures of an exam's scans, of which the largest has so many pixels, can be drawn one by one.

        Raises
        ------
        ResourceError
            ``memory-cap`` when that would break the cap.
        """
        needed = self._drawing(pixels) + DELIVERY_BYTES
        if self.max_memory_mb is not None and needed > self.max_memory_mb * MEGABYTE:
            raise self._broken("this exam", needed)

    def _drawing(self, pixels: int) -> int:
        return self.held + PICTURES_BYTES + BYTES_PER_PICTURE_PIXEL * pixels

    def _broken(self, what: str, needed_bytes: int) -> ResourceError:
        needed = -(-needed_bytes // MEGABYTE)
        found = f"A cap of {self.max_memory_mb} MB cannot be kept: {what} needs {needed} MB."
        return ResourceError("memory-cap", found, "Raise --max-memory.")
