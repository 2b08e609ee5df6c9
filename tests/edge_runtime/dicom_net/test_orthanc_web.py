"""A real archive takes results by STOW-RS: Orthanc with its plugin, in a network of its own without a way out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, not_proved

from .conftest import encoded, exam

pytestmark = pytest.mark.slow

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
SESSION = """\
set -eu
ip link set lo up
Orthanc "$1" >"$1.log" 2>&1 &
archive=$!
trap 'kill $archive; wait $archive' EXIT
for wait in $(seq 300); do
    curl --silent --fail --output "$1.system" http://127.0.0.1:8042/system && break
    sleep 0.1
done
"$2" -c "$3" "$4"
curl --silent --fail http://127.0.0.1:8042/instances
"""
SEND = """\
import sys
from edge_runtime.dicom_net.archive import DicomWeb
web = DicomWeb("http://127.0.0.1:8042/dicom-web", 20.0)
print([answer.outcome.name for answer in web.send([sys.argv[1], sys.argv[1]])])
"""


def test_orthanc_has_what_was_sent_twice_once(tmp_path: Path, program: Callable[[str], str]) -> None:
    for name in ("Orthanc", "curl", "ip", "unshare"):
        program(name)
    if not PLUGIN.exists():
        not_proved("orthanc-dicomweb is missing: that an archive takes results by STOW-RS is not proved here")
    settings, result = tmp_path / "orthanc.json", tmp_path / "result.dcm"
    result.write_bytes(encoded(exam()))
    places = {name: str(tmp_path / "store") for name in ("StorageDirectory", "IndexDirectory")}
    settings.write_text(json.dumps({**places, "AuthenticationEnabled": False, "Plugins": [str(PLUGIN)]}))
    command = ["unshare", "--map-root-user", "--net", "bash", "-c", SESSION, "bash", settings, sys.executable, SEND]
    done = subprocess.run([*command, result], cwd=ROOT, capture_output=True, check=False, timeout=120, text=True)
    assert done.returncode == 0, done.stderr
    answers, _, instances = done.stdout.partition("\n")
    assert answers == "['THERE', 'THERE']"
    assert len(json.loads(instances)) == 1
