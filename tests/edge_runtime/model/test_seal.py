"""The seal of a model file breaks with any of its bits."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ModelIncompatibleError, ModelIntegrityError
from edge_runtime.model.seal import check_seal, seal
from tests.edge_runtime.model.changed_models import SEALED, with_entry
from tests.make_tiny_model import TinyModel, tiny_model_proto


def test_sealed_model_passes() -> None:
    check_seal(SEALED)


def test_every_single_flipped_bit_is_refused() -> None:
    damaged = bytearray(SEALED)
    for position in range(len(damaged)):
        for bit in range(8):
            damaged[position] ^= 1 << bit
            with pytest.raises((ModelIntegrityError, ModelIncompatibleError)):
                check_seal(bytes(damaged))
            damaged[position] ^= 1 << bit


@given(st.integers(0, len(SEALED) - 1), st.binary(min_size=1, max_size=64))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_other_bytes_are_refused(position: int, patch: bytes) -> None:
    damaged = SEALED[:position] + patch + SEALED[position + len(patch) :]
    if damaged != SEALED:
        with pytest.raises((ModelIntegrityError, ModelIncompatibleError)):
            check_seal(damaged)


@pytest.mark.parametrize("length", [0, 1, 100, len(SEALED) // 2, len(SEALED) - 1])
def test_truncated_model_is_refused(length: int) -> None:
    with pytest.raises((ModelIntegrityError, ModelIncompatibleError)):
        check_seal(SEALED[:length])


def test_flipped_weight_is_damage_and_not_another_kind_of_file() -> None:
    damaged = SEALED.replace(np.float32(4000).tobytes(), np.float32(4001).tobytes())
    assert damaged != SEALED
    with pytest.raises(ModelIntegrityError, match="damaged-model") as caught:
        check_seal(damaged)
    assert caught.value.exit_code == 81


def test_file_that_never_was_a_model_is_another_kind_of_file() -> None:
    for data in (b"", b"text", onnx.ModelProto(ir_version=8).SerializeToString()):
        with pytest.raises(ModelIncompatibleError, match="not-a-model") as caught:
            check_seal(data)
        assert caught.value.exit_code == 82


def test_model_without_a_place_for_its_digest_cannot_be_sealed() -> None:
    with pytest.raises(ModelIncompatibleError, match="not-sealable"):
        with_entry("digest", None)
    with pytest.raises(ModelIncompatibleError, match="not-sealable"):
        seal(SEALED + SEALED)


def test_sealing_changes_the_digest_only() -> None:
    plain = tiny_model_proto(TinyModel()).SerializeToString(deterministic=True)
    assert len(plain) == len(SEALED)
    assert sum(a != b for a, b in zip(plain, SEALED, strict=True)) <= 64
