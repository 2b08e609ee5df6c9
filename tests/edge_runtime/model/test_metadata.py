"""The metadata of a model are complete and in range, or the model is refused."""

from __future__ import annotations

import pytest

from edge_runtime.frame.brightness import Brightness
from edge_runtime.model.metadata import PREFIX
from edge_runtime.model.onnx_file import inspect
from tests.edge_runtime.model.changed_models import SEALED, refused_as, with_entry
from tests.make_tiny_model import TinyModel


@pytest.mark.parametrize("value", ["edge-cataract/model/2", "", None])
def test_another_schema_is_refused(value: str | None) -> None:
    assert refused_as(with_entry("schema", value)) == "model-schema"


@pytest.mark.parametrize(
    "name", sorted(set(TinyModel().metadata()) - {f"{PREFIX}{n}" for n in ("schema", "digest", "classes")})
)
def test_missing_metadata_is_refused(name: str) -> None:
    assert refused_as(with_entry(name.removeprefix(PREFIX), None)) == "model-metadata"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grid", "0"),
        ("grid", "2.5"),
        ("stride", "0"),
        ("receptive_field", "-1"),
        ("cf_threshold", "0"),
        ("cf_threshold", "1"),
        ("cf_threshold", "nan"),
        ("cf_threshold", "a seventh"),
        ("guard_band", "-0.01"),
        ("guard_band", "nan"),
        ("guard_band", "1"),
        ("precision", "fp16"),
        ("brightness", "bright"),
    ],
)
def test_metadata_out_of_range_is_refused(name: str, value: str) -> None:
    assert refused_as(with_entry(name, value)) == "model-metadata"


def test_metadata_is_read() -> None:
    metadata = inspect(SEALED)
    assert (metadata.name, metadata.version, metadata.precision) == ("tiny-grey-level", "0", "fp32")
    assert (metadata.grid, metadata.stride, metadata.receptive_field) == (4, 16, 0)
    assert (metadata.cf_threshold, metadata.guard_band) == (0.14, 0.02)
    assert metadata.training_data == "none: grey levels set by hand"
    assert metadata.brightness is Brightness.AS_SHOWN
