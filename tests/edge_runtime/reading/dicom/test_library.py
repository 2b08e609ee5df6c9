"""Without the extra: DICOM is refused by name, and nothing else changes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from edge_runtime import cli
from edge_runtime.errors import MissingExtraError
from edge_runtime.reading.sources import sources_of
from tests.conftest import ROOT
from tests.dicom_files import file_bytes, secondary_capture
from tests.edge_runtime.pictures import encoded, lens_frame
from tests.packaging.test_imports import imported_by

Frames = list[NDArray[Any]]


@pytest.fixture
def without_pydicom(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pydicom"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "pydicom", None)


@pytest.mark.usefixtures("without_pydicom")
def test_dicom_without_the_extra_names_it(frames: Frames) -> None:
    with pytest.raises(MissingExtraError) as caught:
        sources_of(DATA)
    assert (caught.value.word, "edge-cataract[dicom]" in caught.value.remedy) == ("dicom-not-installed", True)


@pytest.mark.usefixtures("without_pydicom")
@pytest.mark.parametrize("verb", [[], ["exam", "--eye", "OD"]], ids=["analyze", "exam"])
def test_the_program_without_the_extra_ends_with_69(
    verb: list[str], tmp_path: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scan.dcm").write_bytes(DATA)
    assert cli.main([*verb, str(tmp_path / "scan.dcm"), "--model", str(tiny_model)]) == 69
    said = capfd.readouterr().err
    assert ("error[dicom-not-installed]" in said, "pip install 'edge-cataract[dicom]'" in said) == (True, True)


@pytest.mark.usefixtures("without_pydicom")
def test_pictures_are_read_without_the_extra(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    assert sources_of(tmp_path / "scan.png")[0].read().pixels.shape == (1824, 2150)


def test_pydicom_is_imported_for_dicom_alone(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    (tmp_path / "scan.dcm").write_bytes(DATA)
    program = "import sys\nfrom edge_runtime.reading.sources import sources_of\nsources_of(sys.argv[1])[0].read()"
    assert "pydicom" not in imported_by(program, tmp_path / "scan.png", folders=(ROOT,))
    assert "pydicom" in imported_by(program, tmp_path / "scan.dcm", folders=(ROOT,))


DATA = file_bytes(secondary_capture([lens_frame()]))  # written before pydicom is hidden
