"""An archive in the S3 of `object_store`: many keys over a few hundred scans, some spoilt, some missing."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge_runtime.scan import Laterality
from train.phantom.eye.plan import EyePlan
from train.phantom.imaging.plan import ScanPlan
from train.phantom.render import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from benchmarks.robustness.object_store import ObjectStore

BUCKET, RESULTS = "scans", "results"
VARIANTS = 10  # of one simulated scan: each with other noise of one grey level
SHRUNK = 2  # so that 400 scans fit into memory beside all else
_SPOILT = "5 % are spoilt (cut, empty, text), 1 % of the keys name no object; many keys stand for one object"
NOTE = f"simulated scans at 1/{SHRUNK} of their size, {VARIANTS} draws of noise of one grey level of each; {_SPOILT}"
SMALL_NOTE = f"drawn lenses of 365 x 430 pixels, for a tiny model, as the engine is what is tested; {_SPOILT}"


@dataclass(frozen=True, slots=True)
class MadeArchive:
    """What is in the store.

    Attributes
    ----------
    distinct, bytes
        Objects, and their bytes.
    missing
        Keys without an object.
    """

    distinct: int
    bytes: int
    missing: int


def scan_files(distinct: int, seed: int) -> dict[str, bytes]:
    """The objects by name."""
    rng = np.random.default_rng(seed)
    files: dict[str, bytes] = {}
    for number in range(distinct):
        if number % VARIANTS == 0:
            eye = list(Laterality)[number // VARIANTS % 2]
            plan = EyePlan("archive", f"p{number}", eye.value, 66.0, bool(number // VARIANTS % 3), dilated=True)
            whole = simulate(plan, ScanPlan(1, float(30 * (number // VARIANTS % 6)))).picture
            size = (whole.shape[1] // SHRUNK, whole.shape[0] // SHRUNK)
            picture = cv2.resize(whole, size, interpolation=cv2.INTER_AREA).astype(np.int16)
        noisy = np.clip(picture + rng.integers(-1, 2, picture.shape), 0, 255) * (picture > 0)
        files[f"{number:03d}_{eye}.png"] = _spoilt(_encoded(noisy.astype(np.uint8)), number)
    return files


def small_files(distinct: int) -> dict[str, bytes]:
    """Objects that a tiny model answers at once: a lens whose rows of cataract, and whose place, differ."""
    files: dict[str, bytes] = {}
    for number in range(distinct):
        frame = np.full((365, 430), 10, np.uint8)
        left = 145 + number % 5
        frame[168:308, left : left + 140] = 80
        frame[168 : 178 + number // 5 % 80, left : left + 140] = 160
        files[f"{number:03d}_OD.png"] = _spoilt(_encoded(frame), number)
    return files


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise RuntimeError("a scan could not be encoded")
    return data.tobytes()


def _spoilt(content: bytes, number: int) -> bytes:
    """The content, or of every twentieth file what cannot be read."""
    if number % 20 != 7:
        return content
    return (content[: len(content) // 2], b"", b"no picture at all\n" * 100)[number // 20 % 3]


def keys_of(names: list[str], keys: int) -> list[str]:
    """The keys of a manifest, each another; one in a hundred names nothing."""
    return [
        f"copy-{number}/{'missing.png' if number % 100 == 99 else names[number % len(names)]}" for number in range(keys)
    ]


def manifest_bytes(keys: list[str]) -> bytes:
    """A manifest as Parquet."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    sink = io.BytesIO()
    parquet.write_table(arrow.table({"key": keys}), sink)
    return sink.getvalue()


def fill(store: ObjectStore, files: dict[str, bytes], manifests: dict[str, int]) -> MadeArchive:
    """Put scans and manifests, name to number of keys, into the store."""
    with client(store) as system:
        for bucket in (BUCKET, RESULTS):
            system.mkdir(bucket)
        for name, content in files.items():
            system.pipe_file(f"{BUCKET}/{name}", content)
        for name, keys in manifests.items():
            system.pipe_file(f"{BUCKET}/{name}", manifest_bytes(keys_of(list(files), keys)))
    most = max(manifests.values())
    return MadeArchive(len(files), sum(map(len, files.values())), most // 100)


def shards_of(store: ObjectStore, prefix: str) -> dict[str, bytes]:
    """The shards under a prefix, by name."""
    with client(store) as system:
        return {name.rpartition("/")[2]: system.cat_file(name) for name in system.ls(f"{RESULTS}/{prefix}/shards")}


def number_of_shards(store: ObjectStore, prefix: str) -> int:
    """How many shards are under a prefix."""
    with client(store) as system:
        try:
            return len(system.ls(f"{RESULTS}/{prefix}/shards", refresh=True))
        except FileNotFoundError:
            return 0


@contextmanager
def client(store: ObjectStore) -> Iterator[Any]:
    """A client of the store, as anybody has it."""
    before = {name: os.environ.get(name) for name in store.environment}
    os.environ.update(store.environment)
    try:
        yield import_module("s3fs").S3FileSystem(use_listings_cache=False)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
