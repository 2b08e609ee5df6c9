"""A picture is encoded without loss, or the write fails."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_runtime.errors import WriteError
from edge_runtime.report.png import encode_png


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_gives_the_pixels_back(dtype: type) -> None:
    pixels = np.arange(60, dtype=dtype).reshape(6, 10) * 3
    decoded = cv2.imdecode(np.frombuffer(encode_png(pixels), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(decoded, pixels)
    assert decoded.dtype == dtype


def test_picture_that_cannot_be_encoded_is_a_failed_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imencode", lambda *_: (False, None))
    with pytest.raises(WriteError, match="could not be encoded"):
        encode_png(np.zeros((2, 2), np.uint8))
