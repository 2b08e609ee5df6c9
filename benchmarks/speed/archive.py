"""What a scan of an archive costs: ``python -m benchmarks.speed.archive``.

Runs of one process on scans of full size, of few and of many keys: what the second takes more is what scans take, the
rest is the start. Runs from S3 in memory show what the client of a store takes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.provenance import place, provenance, save, versions
from benchmarks.robustness.archive_scans import BUCKET, RESULTS, client, manifest_bytes
from benchmarks.robustness.batch_scans import NOTE, contents_of
from benchmarks.robustness.object_store import ObjectStore, object_store
from edge_runtime import CataractAnalyzer
from edge_runtime.archive.plan import stored_plan
from edge_runtime.archive.store import FolderStore
from edge_runtime.archive.table import read_shard, shard_bytes
from edge_runtime.scan import Laterality

ROOT = Path(__file__).parents[2]
OUT = Path(__file__).parents[1] / "results" / "archive_costs.json"
ONE_SHARD = 1_000_000
EXIT_SOME_FAILED = 4


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run of one process took.

    Attributes
    ----------
    scans
        Keys.
    wall_s, processor_s
        Of the program and all it started.
    bytes_read, bytes_written
        Of files, and of shards.
    fetching_s
        Processor seconds of the program itself, which fetches and writes.
    requests
        To the store.
    peak_mb
        Most memory of both processes.
    """

    scans: int
    wall_s: float
    processor_s: float
    bytes_read: int
    bytes_written: int
    fetching_s: float
    requests: int
    peak_mb: dict[str, float]


def spent(manifest: str, prefix: str, environment: dict[str, str] | None = None) -> Spent:
    """Run an archive by one process in one shard."""
    command = [
        sys.executable, "-m", "edge_runtime", "archive", manifest, "-o", prefix, "--shard-size", str(ONE_SHARD),
        "--processes", "1", "--json", "-q",
    ]  # fmt: skip
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(command, cwd=ROOT, stdout=said, env={**os.environ, **(environment or {})})
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.monotonic() - began
        said.seek(0)
        if running.returncode not in (0, EXIT_SOME_FAILED):
            raise RuntimeError(f"the archive ended with {running.returncode}")
        summary = json.loads(said.read())
    this = summary["this_run"]
    return Spent(
        scans=summary["scans"],
        wall_s=round(wall_s, 2),
        processor_s=round(usage.ru_utime + usage.ru_stime, 2),
        bytes_read=this["bytes_read"],
        bytes_written=this["bytes_written"],
        fetching_s=this["processor_seconds_of_this_process"],
        requests=this["requests"],
        peak_mb=this["peak_mb"],
    )


def costs(few: int, many: int) -> dict[str, Any]:
    """Measure; returns what was met, and what follows for one scan and for a start."""
    files = {
        f"{eye.value}_{meridian * 30:03d}deg{ending}": content
        for eye in Laterality
        for (meridian, ending), content in contents_of(eye).items()
    }
    runs: dict[str, Spent] = {}
    with tempfile.TemporaryDirectory() as name, object_store() as store:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        for label, keys in (("few", few), ("many", many)):
            (folder / f"{label}.parquet").write_bytes(manifest_bytes(_keys(files, keys)))
            runs[label] = spent(str(folder / f"{label}.parquet"), str(folder / label))
        size = sizes_of_shards(folder / "many")
        _fill(
            store, files, {label: manifest_bytes(_keys(files, keys)) for label, keys in (("few", few), ("many", many))}
        )
        for label in ("few", "many"):
            prefix = f"s3://{RESULTS}/{label}"
            runs[f"s3_{label}"] = spent(f"s3://{BUCKET}/{label}.parquet", prefix, store.environment)
    return {
        "scans": NOTE,
        "distinct": len(files),
        "runs": {label: {field: getattr(run, field) for field in Spent.__slots__} for label, run in runs.items()},
        **of_one_scan(runs),
        **size,
    }


def of_one_scan(runs: dict[str, Spent]) -> dict[str, Any]:
    """What follows for one scan and for a start, in time of the processor: others on the machine hardly change it."""
    first, second = runs["few"], runs["many"]
    more = second.scans - first.scans
    each_s = (second.processor_s - first.processor_s) / more
    return {
        "processor_s_per_scan": round(each_s, 4),
        "scans_per_core_s": round(1 / each_s, 2),
        "start_processor_s": round(first.processor_s - first.scans * each_s, 2),
        "fetching_s_per_scan": round((second.fetching_s - first.fetching_s) / more, 4),
        "fetching_s_per_scan_from_s3": round((runs["s3_many"].fetching_s - runs["s3_few"].fetching_s) / more, 4),
        "bytes_read_per_scan": round(second.bytes_read / second.scans),
    }


def sizes_of_shards(prefix: Path) -> dict[str, Any]:
    """What rows of scans that all differ take: those of a run, each with another key, hash and numbers."""
    plan = stored_plan(FolderStore(str(prefix)))
    rows = read_shard(plan, 0, (prefix / "shards" / "00000000.parquet").read_bytes()).rows
    rng = np.random.default_rng(0)
    taken = {}
    for count in (1000, 3000):
        different = []
        for number in range(count):
            one = rows[number % len(rows)]
            moved = {name: value * rng.uniform(0.5, 1.0) for name, value in one.items() if isinstance(value, float)}
            key = f"site-{number % 7}/{number // 7:09d}/OD_{number % 6 * 30:03d}.dcm"
            different.append({**one, **moved, "key": key, "sha256": rng.bytes(32).hex()})
            del different[-1]["row"]
        taken[count] = len(shard_bytes(plan, 0, different))
    each = (taken[3000] - taken[1000]) / 2000
    return {
        "bytes_written_per_scan": round(each, 1),
        "bytes_written_per_shard": round(taken[1000] - 1000 * each),
        "bytes_written_of": "rows of a run, each with another key, hash and numbers",
    }


def _keys(files: dict[str, bytes], count: int) -> list[str]:
    names = list(files)
    return [names[number % len(names)] for number in range(count)]


def _fill(store: ObjectStore, files: dict[str, bytes], manifests: dict[str, bytes]) -> None:
    with client(store) as system:
        for bucket in (BUCKET, RESULTS):
            system.mkdir(bucket)
        for name, content in files.items():
            system.pipe_file(f"{BUCKET}/{name}", content)
        for name, content in manifests.items():
            system.pipe_file(f"{BUCKET}/{name}.parquet", content)


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=40)
    parser.add_argument("--many", type=int, default=400)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    content = costs(arguments.few, arguments.many)
    about = {**place(), **provenance(CataractAnalyzer()), "versions": versions("pyarrow", "s3fs", "moto")}
    save(arguments.out, {**about, "load_per_core_before": round(load, 2), **content})
    print(json.dumps(content, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
