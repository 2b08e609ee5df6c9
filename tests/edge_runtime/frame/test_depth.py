"""Sixteen bits that hold fewer, or signed values with an offset, are named, and the depth can be declared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.errors import ScanError
from edge_runtime.frame.profiles import PROFILES, DeviceProfile
from edge_runtime.frame.resample import check_depth
from edge_runtime.scan import scan_from_pixels
from tests.edge_runtime.pictures import lens_frame, speckled_frame

ANTERION, RAW = PROFILES["anterion"], PROFILES["anterion-raw"]


def of_bits(bits: int) -> NDArray[np.uint16]:
    """(365, 430) uint16: a frame that uses all levels of so many bits, and no more."""
    frame = speckled_frame().astype(np.float64) / speckled_frame().max()
    levels: NDArray[np.uint16] = np.rint(frame * (2**bits - 1)).astype(np.uint16)
    return levels


def refused_as(pixels: NDArray[np.uint16], profile: DeviceProfile = ANTERION) -> str:
    with pytest.raises(ScanError) as caught:
        check_depth(scan_from_pixels(pixels), profile)
    assert caught.value.exit_code == 65
    return caught.value.word


@pytest.mark.parametrize("bits", [8, 9, 10, 11, 12])
def test_fewer_bits_in_a_16_bit_scan_are_named(bits: int) -> None:
    assert refused_as(of_bits(bits)) == "undeclared-depth"


@pytest.mark.parametrize("bits", [8, 9, 10, 12, 14, 16])
def test_declared_bits_are_the_white_of_the_scan(bits: int) -> None:
    scan = scan_from_pixels(of_bits(bits)).of_bits(bits)
    check_depth(scan, ANTERION)
    assert scan.full_scale == 2**bits - 1


def test_a_display_window_declares_the_depth_too() -> None:
    check_depth(scan_from_pixels(of_bits(12)), replace(ANTERION, name="twelve", display_high=4095 / 65535))


def test_an_eighth_of_white_is_the_limit() -> None:
    pixels = of_bits(16)
    for brightest, named in ((8191, True), (8192, False)):
        dim = np.minimum(pixels, brightest).astype(np.uint16)
        if named:
            assert refused_as(dim) == "undeclared-depth"
        else:
            check_depth(scan_from_pixels(dim), ANTERION)


@pytest.mark.parametrize("bits", [8, 12, 15])
@pytest.mark.parametrize("noise", [0, 300])
def test_an_offset_of_32768_is_named(bits: int, noise: int) -> None:
    signed = of_bits(bits).astype(np.int64) // 2 - noise
    assert refused_as((signed + 32768).astype(np.uint16)) == "offset-grey"


def test_an_offset_that_the_profile_states_is_read() -> None:
    pixels = (of_bits(15).astype(np.int64) + 32768).astype(np.uint16)
    check_depth(scan_from_pixels(pixels), replace(ANTERION, name="signed", display_low=0.5))


def test_raw_frames_whose_noise_lies_above_black_are_read() -> None:
    raw = np.rint((of_bits(16) / 65535 * 0.91 + 0.2) * 59000).astype(np.uint16)
    check_depth(scan_from_pixels(raw), RAW)


@pytest.mark.parametrize("level", [20, 200])
def test_a_scan_of_8_bits_is_never_refused_for_its_depth(level: int) -> None:
    check_depth(scan_from_pixels(lens_frame() // 32 + np.uint8(level)), ANTERION)
