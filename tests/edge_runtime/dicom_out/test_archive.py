"""An archive takes the objects by C-STORE and gives them back: Orthanc, in a network of its own without a way out."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from edge_runtime.dicom_out.files import DicomFiles, Kind
from edge_runtime.dicom_out.source import frames_of
from edge_runtime.results import EyeResult

from .conftest import CREATED

pytestmark = pytest.mark.slow

PAGE = b"%PDF-1.4\n%%EOF\n"
# Sends everything twice, as a second run would, and asks for what is there.
SESSION = """\
set -eu
ip link set lo up
Orthanc {settings} >{folder}/log 2>&1 &
archive=$!
trap 'kill $archive; wait $archive' EXIT
for wait in $(seq 300); do
    curl --silent --fail --output {folder}/system http://127.0.0.1:8042/system && break
    sleep 0.1
done
for run in 1 2; do storescu -aec ORTHANC -R 127.0.0.1 4242 {files}; done
curl --silent --fail --output {folder}/instances http://127.0.0.1:8042/instances
for id in $(tr --delete '[]",' <{folder}/instances); do
    curl --silent --fail --output {folder}/$id.back http://127.0.0.1:8042/instances/$id/file
done
"""


def after_header(content: bytes) -> bytes:
    """The data set of a file, without the header that every archive writes anew."""
    header = dcmread(BytesIO(content), stop_before_pixels=True).file_meta
    return content[132 + 12 + header.FileMetaInformationGroupLength :]


@pytest.fixture
def given_back(
    eye: EyeResult, source: Dataset, tmp_path: Path, program: Callable[[str], str]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """{SOP Instance UID: file} of what was sent, and of what the archive holds."""
    for name in ("Orthanc", "storescu", "curl", "ip", "unshare"):
        program(name)
    files = DicomFiles(frames_of(source), str(tmp_path), "exam-OD", tuple(Kind))
    contents = files.contents(eye, created=CREATED, page=PAGE)
    for path, content in contents.items():
        Path(path).write_bytes(content)
    settings = tmp_path / "orthanc.json"
    places = {name: str(tmp_path / "store") for name in ("StorageDirectory", "IndexDirectory")}
    settings.write_text(
        json.dumps({**places, "DicomPort": 4242, "HttpPort": 8042, "AuthenticationEnabled": False, "Plugins": []})
    )
    words = {
        "settings": shlex.quote(str(settings)),
        "folder": shlex.quote(str(tmp_path)),
        "files": shlex.join(contents),
    }
    apart = ["unshare", "--map-root-user", "--net", "bash", "-c", SESSION.format(**words)]
    done = subprocess.run(apart, capture_output=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr.decode()
    back = [path.read_bytes() for path in tmp_path.glob("*.back")]
    sent, held = (
        {str(dcmread(BytesIO(content), stop_before_pixels=True).SOPInstanceUID): content for content in group}
        for group in (contents.values(), back)
    )
    assert len(held) == len(back)
    return sent, held


def test_report_page_and_segmentation_come_back_to_the_byte(
    given_back: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    """Sent twice, each is there once."""
    sent, held = given_back
    assert len(sent) == 3
    assert {uid: after_header(content) for uid, content in held.items()} == {
        uid: after_header(content) for uid, content in sent.items()
    }
