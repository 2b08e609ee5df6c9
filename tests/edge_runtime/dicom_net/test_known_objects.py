"""An object that is sent again: when it is the same, and what an older version has recorded of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.dicom_net.intake import Taken
from tests.dicom_files import LOSSLESS, tomography
from tests.edge_runtime.dicom_out.conftest import small_lens

from .conftest import PITCH_UM, Archive, Restart, Station, encoded, exam, files_in, send, single, statuses, written

Begin = Callable[..., Station]


def of_version(dataset: Any, version: str) -> Any:
    """The same object, as a receiver with another version of its library would write it."""
    dataset.file_meta.ImplementationVersionName = version
    return dataset


def aged(here: Station, dataset: Any) -> None:
    """Let what was recorded of an object be as an older version has it: the digest of its whole file."""
    with here.queue._records.change():
        here.queue._records.write("UPDATE objects SET digest = ?", hashlib.sha256(encoded(dataset)).hexdigest())


@pytest.mark.parametrize("done", [False, True])
def test_another_version_of_the_library_makes_no_other_object(done: bool, station: Begin, archive: Archive) -> None:
    here = station()
    here.bring(of_version(exam(), "PYNETDICOM_304"))
    if done:
        here.work_off()
    assert here.bring(of_version(exam(), "PYNETDICOM_310")) == [Taken.KNOWN]
    assert here.bring(exam("other")) == [Taken.NEW]


@pytest.mark.slow
def test_a_device_is_answered_success_after_an_update_of_the_library(
    start: Restart, archive: Archive, tmp_path: Path
) -> None:
    """It never heard the first answer; the version is that of an environment in which the receiver runs."""
    (tmp_path / "sitecustomize.py").write_text(
        "import pynetdicom.dsutils\n"
        "pynetdicom.dsutils.create_file_meta.__kwdefaults__['implementation_version'] = 'PYNETDICOM_399'\n"
    )
    receiver = start("--to", archive.address, "--results", "sr")
    assert statuses(send(receiver.port, [exam()])) == [0]
    receiver.wait_for("sent")
    receiver.kill()
    receiver = start("--to", archive.address, "--results", "sr", before=["env", f"PYTHONPATH={tmp_path}"])
    assert statuses(send(receiver.port, [exam(), exam("other")])) == [0, 0]
    (other,) = receiver.wait_for("sent")
    assert other["exam"]
    assert len(archive.sent) == 2


def test_the_same_object_in_another_transfer_syntax_is_another(station: Begin) -> None:
    source = [small_lens(16), small_lens(20)]
    explicit, implicit = (
        written(tomography(source, pitch_um=PITCH_UM, name="exam"), LOSSLESS[syntax])
        for syntax in ("explicit", "implicit")
    )
    here = station()
    assert here.bring(explicit, implicit, explicit) == [Taken.NEW, Taken.OTHER, Taken.KNOWN]


def test_an_object_of_an_older_record_is_known_by_its_file(station: Begin) -> None:
    here, source = station(quiet_s=3600.0), of_version(single("A", 0), "PYNETDICOM_304")
    here.bring(source)
    aged(here, source)
    here = station(quiet_s=3600.0)
    assert here.bring(source, of_version(single("A", 0), "PYNETDICOM_310")) == [Taken.KNOWN] * 2
    source.SeriesDescription = "changed"
    assert here.bring(source) == [Taken.OTHER]
    (path,) = (here.folder / "received").iterdir()
    path.write_bytes(b"damaged")
    assert here.bring(of_version(single("A", 0), "PYNETDICOM_310")) == [Taken.OTHER]
    assert list(files_in(here.folder)) == ["received"]


def test_an_object_of_an_older_record_whose_file_is_gone_is_known_by_what_was_recorded(
    station: Begin, archive: Archive
) -> None:
    here, source = station(), of_version(single("A", 3), "PYNETDICOM_304")
    here.bring(source)
    here.work_off()
    aged(here, source)
    here = station()
    assert here.bring(of_version(single("A", 3), "PYNETDICOM_310")) == [Taken.KNOWN]
    assert here.work_off() == []
    assert len(archive.sent) == 1
    source.InstanceNumber = 4
    assert here.bring(source) == [Taken.OTHER]


def test_what_the_disk_has_lost_is_kept_when_it_comes_again(station: Begin, archive: Archive) -> None:
    here = station(quiet_s=3600.0)
    here.bring(single("A", 0))
    (path,) = (here.folder / "received").iterdir()
    path.unlink()
    assert here.bring(single("A", 0)) == [Taken.KNOWN]
    assert path.exists()
    here = station()
    assert here.work_off() == ["judged", "sent"]
    assert here.bring(single("A", 0)) == [Taken.KNOWN]
    assert files_in(here.folder) == {}
