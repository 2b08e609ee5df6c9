from __future__ import annotations

import pytest
import torch

from train.ladder import Upsampling
from train.unet import UNet, UNetConfig

PAPER = UNetConfig()
EDGE = UNetConfig(width=16, levels=4, channel_cap=128, stem=2, upsampling=Upsampling.NEAREST)
# The same shapes with few channels: reach does not depend on width.
SLIM = [
    UNetConfig(width=2, levels=4, channel_cap=8),
    UNetConfig(width=2, levels=3, channel_cap=8, stem=2, upsampling=Upsampling.NEAREST),
    UNetConfig(width=3, levels=1, channel_cap=4, upsampling=Upsampling.NEAREST),
    UNetConfig(width=3, levels=2, channel_cap=6, stem=2),
]


def network_with_lively_norms(config: UNetConfig) -> UNet:
    """Random weights and norms, in double precision, so that differences are dependence and not rounding."""
    torch.manual_seed(0)
    network = UNet(config).double().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.bias.data.fill_(2)  # no ReLU may sleep and hide a dependence
    return network


# torch may sum in another order for another size; a missing pixel of context costs at least 1e-7 in these networks.
MAX_ROUNDING_FLOAT64 = 1e-13


def tile_error(network: UNet, halo: int) -> float:
    """Largest difference between the whole frame and a tile of one stride read with this halo."""
    stride = network.config.stride
    strides = 2 * (network.config.receptive_halo // stride) + 5
    frame = torch.rand(1, 1, strides * stride, strides * stride, dtype=torch.float64)
    start = strides // 2 * stride
    read = slice(start - halo, start + stride + halo)
    with torch.inference_mode():
        whole = network(frame)[..., start : start + stride, start : start + stride]
        tile = network(frame[..., read, read])[..., halo : halo + stride, halo : halo + stride]
    return float((whole - tile).abs().max())


@pytest.mark.slow
@pytest.mark.parametrize("config", SLIM, ids=str)
def test_a_tile_with_the_halo_equals_the_whole_and_a_stride_less_does_not(config: UNetConfig) -> None:
    network = network_with_lively_norms(config)
    assert tile_error(network, config.receptive_halo) < MAX_ROUNDING_FLOAT64
    assert tile_error(network, config.receptive_halo - config.stride) > 1000 * MAX_ROUNDING_FLOAT64


def test_four_levels_need_96_pixels_of_halo_and_192_with_a_stem() -> None:
    # 94 = 2 * (2 + 4 + 8 + 16) + 34 for the published network, added up level by level; the stem doubles the grid.
    assert PAPER.receptive_halo == 96
    assert EDGE.receptive_halo == 192


@pytest.mark.parametrize("config", SLIM, ids=str)
def test_logits_keep_the_size_of_the_input(config: UNetConfig) -> None:
    grey = torch.rand(2, 1, config.stride, 3 * config.stride)
    with torch.inference_mode():
        assert UNet(config).eval()(grey).shape == (2, 3, config.stride, 3 * config.stride)


def test_the_published_network_has_31_million_weights() -> None:
    assert PAPER.channels == (64, 128, 256, 512, 1024)
    # By hand. A double convolution a -> b: 9 a b + 9 b b weights and 4 b of its norms. In the decoder per level a
    # transposed convolution (4 * 2b * b + b) and a double convolution 2b -> b; head 64 * 3 + 3.
    double = [9 * a * b + 9 * b * b + 4 * b for a, b in ((1, 64), (64, 128), (128, 256), (256, 512), (512, 1024))]
    rise = [4 * 2 * b * b + b + 9 * 2 * b * b + 9 * b * b + 4 * b for b in (512, 256, 128, 64)]
    assert sum(value.numel() for value in UNet(PAPER).parameters()) == sum(double) + sum(rise) + 195 == 31_036_611


def test_the_shipped_network_stays_below_five_megabytes() -> None:
    assert EDGE.channels == (16, 32, 64, 128, 128)
    assert sum(value.numel() for value in UNet(EDGE).parameters()) * 4 < 5_000_000


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 0}, "width"),
        ({"width": 8, "channel_cap": 4}, "channel_cap"),
        ({"levels": 0}, "levels"),
        ({"stem": 3}, "stem"),
        ({"upsampling": "bilinear"}, "bilinear"),
    ],
)
def test_an_impossible_shape_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UNetConfig(**values)  # type: ignore[arg-type]  # wrong on purpose
