from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from train.data.frames import GridScan
from train.fit.augment import AugmentConfig, Draw, apply, centred, draw

SCAN = GridScan(rows=40, columns=60, lens_box=(18, 20, 30, 36), image_sha256="")
LIVELY = AugmentConfig(
    flip=True, rotation_deg=15, scale=0.1, shift=0.2, gain=0.1, gamma=0.1, offset=0.02, blur=1, noise=0.05
)


def frame(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    grey = generator.random((40, 60), dtype=np.float32)
    labels = np.zeros((40, 60), np.uint8)
    labels[18:30, 20:36] = 1
    labels[18:24, 20:36] = 2
    return grey, labels


def test_without_augmentation_the_window_is_a_plain_cut_around_the_lens() -> None:
    grey, labels = frame()
    cut_grey, cut_labels = apply(centred(SCAN, (16, 24)), grey, labels, (16, 24))
    assert np.array_equal(cut_grey, grey[16:32, 16:40])
    assert np.array_equal(cut_labels, labels[16:32, 16:40])


def test_the_window_is_moved_inside_the_frame() -> None:
    scan = replace(SCAN, lens_box=(30, 50, 40, 60))
    grey, labels = frame()
    assert np.array_equal(apply(centred(scan, (16, 24)), grey, labels, (16, 24))[0], grey[24:40, 36:60])


def test_a_window_larger_than_the_frame_is_black_and_background_around_it() -> None:
    grey, labels = frame()
    cut_grey, cut_labels = apply(centred(SCAN, (48, 64)), grey, labels, (48, 64))
    assert np.array_equal(cut_grey[4:44, 2:62], grey)
    assert cut_grey.sum() == pytest.approx(grey.sum(), rel=1e-5)
    assert cut_labels.sum() == labels.sum()


def test_a_flip_mirrors_grey_and_labels_alike() -> None:
    grey, labels = frame()
    still = centred(SCAN, (16, 24))
    plain, plain_labels = apply(still, grey, labels, (16, 24))
    mirrored, mirrored_labels = apply(replace(still, flip=True), grey, labels, (16, 24))
    np.testing.assert_allclose(mirrored, plain[:, ::-1], atol=1e-6)
    assert np.array_equal(mirrored_labels, plain_labels[:, ::-1])


def test_a_rotation_turns_grey_and_labels_alike() -> None:
    labels = frame()[1]
    grey = labels.astype(np.float32) / 2
    turned, turned_labels = apply(replace(centred(SCAN, (32, 32)), rotation_deg=10), grey, labels, (32, 32))
    # Away from borders grey and label still agree.
    certain = np.isin(turned, (0.0, 0.5, 1.0))
    assert np.array_equal(turned_labels[certain], (2 * turned[certain]).astype(np.uint8))
    assert not np.array_equal(turned_labels, apply(centred(SCAN, (32, 32)), grey, labels, (32, 32))[1])


def test_a_scale_of_two_doubles_the_lens() -> None:
    grey, labels = frame()
    enlarged = apply(replace(centred(SCAN, (40, 56)), scale=2.0), grey, labels, (40, 56))[1]
    assert np.count_nonzero(enlarged) == pytest.approx(4 * np.count_nonzero(labels), rel=0.1)


def test_tone_changes_grey_as_documented_and_never_labels() -> None:
    grey, labels = frame()
    drawn = replace(centred(SCAN, (16, 24)), gain=1.2, gamma=0.9, offset=0.01)
    toned, kept = apply(drawn, grey, labels, (16, 24))
    plain, plain_labels = apply(centred(SCAN, (16, 24)), grey, labels, (16, 24))
    np.testing.assert_allclose(toned, np.clip(1.2 * plain**0.9 + 0.01, 0, 1), atol=1e-6)
    assert np.array_equal(kept, plain_labels)


def test_grey_stays_in_the_unit_interval() -> None:
    grey, labels = frame()
    for offset in (-0.5, 0.5):
        toned = apply(replace(centred(SCAN, (16, 24)), offset=offset, noise=0.3), grey, labels, (16, 24))[0]
        assert 0 <= toned.min() <= toned.max() <= 1


def test_a_draw_can_be_replayed() -> None:
    grey, labels = frame()
    drawn = draw(LIVELY, SCAN, (16, 24), np.random.default_rng(5))
    first, again = apply(drawn, grey, labels, (16, 24)), apply(drawn, grey, labels, (16, 24))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert drawn == draw(LIVELY, SCAN, (16, 24), np.random.default_rng(5))


def test_draws_stay_within_their_ranges() -> None:
    draws = [draw(LIVELY, SCAN, (16, 24), np.random.default_rng(seed)) for seed in range(300)]
    assert max(abs(one.rotation_deg) for one in draws) <= 15
    assert max(one.scale for one in draws) <= 1.1
    assert min(one.scale for one in draws) >= 1 / 1.1
    assert all(8 <= one.centre_row <= 32 and 12 <= one.centre_column <= 48 for one in draws)
    assert 0.35 < np.mean([one.flip for one in draws]) < 0.65
    assert 0.08 < np.std([np.log(one.gain) for one in draws]) < 0.12


def test_switching_one_part_off_leaves_the_others_as_they_were() -> None:
    every = draw(LIVELY, SCAN, (16, 24), np.random.default_rng(7))
    fewer = draw(replace(LIVELY, gain=0.0), SCAN, (16, 24), np.random.default_rng(7))
    assert fewer == replace(every, gain=1.0)


def test_the_default_config_changes_nothing() -> None:
    drawn = draw(AugmentConfig(), SCAN, (16, 24), np.random.default_rng(7))
    assert replace(drawn, noise_seed=0) == centred(SCAN, (16, 24)) == Draw(24.0, 28.0)


@pytest.mark.parametrize("values", [{"gain": -0.1}, {"whole_frame": 1.5}, {"scale": 1.0}])
def test_an_impossible_range_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        AugmentConfig(**values)  # type: ignore[arg-type]  # wrong on purpose
