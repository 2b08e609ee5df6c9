"""What the benchmark of killed archives stands on: a store that fails as it is told, keys and scans that repeat."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.robustness.archive_scans import keys_of, manifest_bytes, small_files
from benchmarks.robustness.object_store import Faults, FaultyStore, object_store
from benchmarks.robustness.ray_cluster import descendants


def asked(store: FaultyStore, path: str = "/scans/a") -> tuple[str, bytes]:
    said: list[str] = []
    body = store(
        {"PATH_INFO": path, "REQUEST_METHOD": "GET", "RAW_URI": path}, lambda status, headers: said.append(status)
    )
    return said[0] if said else "", b"".join(body)


def behind(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["PATH_INFO"].encode()]


@pytest.mark.parametrize(
    ("faults", "status", "body"),
    [
        (Faults(), "200 OK", b"/scans/a"),
        (Faults(throttled=1.0), "503 Slow Down", b"SlowDown"),
        (Faults(failed=1.0), "500 Internal Server Error", b"InternalError"),
        (Faults(lost=1.0), "500 Internal Server Error", b"InternalError"),
        (Faults(cut=1.0), "200 OK", b"/sca"),
    ],
)
def test_requests_fail_as_they_are_told(faults: Faults, status: str, body: bytes) -> None:
    store = FaultyStore(behind)
    store._faults = faults
    found, content = asked(store)
    assert found == status
    assert body in content


def test_many_keys_stand_for_one_object() -> None:
    assert asked(FaultyStore(behind), "/scans/copy-1234/a.png")[1] == b"/scans/a.png"
    assert asked(FaultyStore(behind), "/scans/copy-b/a.png")[1] == b"/scans/copy-b/a.png"


def test_keys_differ_and_a_hundredth_names_nothing() -> None:
    keys = keys_of(["a", "b", "c"], 1000)
    assert len(set(keys)) == 1000
    assert sum("missing" in key for key in keys) == 10
    assert manifest_bytes(keys) == manifest_bytes(keys)


def test_small_scans_are_distinct_but_for_the_spoilt_ones() -> None:
    files = small_files(400)
    assert len(files) == 400
    assert len(set(files.values())) >= 380


def test_what_a_process_started_is_found() -> None:
    nested = f"import subprocess, sys; subprocess.run([{sys.executable!r}, '-c', 'input()'])"
    process = subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE)
    try:
        while not descendants(process.pid):
            assert process.poll() is None
        assert process.pid in descendants(os.getpid())
    finally:
        process.communicate(b"\n", timeout=30)


@pytest.mark.slow
def test_a_store_runs_in_a_process_of_its_own_and_ends() -> None:
    with object_store() as store:
        store.fail(Faults(throttled=0.5))
        assert store.counts() == {}
        address = store.address
    with pytest.raises(OSError, match="refused"):
        type(store)(address).counts()
