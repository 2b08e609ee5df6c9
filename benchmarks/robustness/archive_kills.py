"""Kill an archive's run on a cluster and continue it: ``python -m benchmarks.robustness.archive_kills``.

One S3 in memory holds the scans. They are measured by plain processes, undisturbed, and on a cluster of Ray with two
nodes on this machine, which loses its driver, a worker and a node again and again, while the store fails and throttles.
Then the shards of both are compared byte by byte. Beside that, both engines are timed on a smaller manifest, in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.provenance import place, save, versions
from benchmarks.robustness.archive_scans import (
    BUCKET,
    NOTE,
    RESULTS,
    SMALL_NOTE,
    fill,
    number_of_shards,
    scan_files,
    shards_of,
    small_files,
)
from benchmarks.robustness.object_store import Faults, ObjectStore, object_store
from benchmarks.robustness.ray_cluster import LOCAL, LocalCluster, ray_cluster
from tests.make_tiny_model import TinyModel, tiny_model_bytes

ROOT = Path(__file__).parents[2]
OUT = Path(__file__).parents[1] / "results" / "archive_kills.json"
KINDS = ("driver", "worker", "node", "store errors", "throttling")
FAULTS = {"store errors": Faults(failed=0.1, lost=0.05, cut=0.1), "throttling": Faults(throttled=0.5)}
FAULTS_S = 8.0
WORKERS = 2
EXIT_SOME_FAILED = 4
_LOOK_EVERY_S = 0.25
_LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Bench:
    """Where an archive is run.

    Attributes
    ----------
    store
        Holds scans and shards.
    shard_size
        Scans of a shard.
    model
        Arguments that name a model.
    """

    store: ObjectStore
    shard_size: int
    model: tuple[str, ...] = ()

    def start(self, manifest: str, prefix: str, *more: str) -> subprocess.Popen[bytes]:
        """Start a run."""
        command = [
            sys.executable, "-m", "edge_runtime", "archive", f"s3://{BUCKET}/{manifest}", "-o", f"s3://{RESULTS}/{prefix}",
            "--shard-size", str(self.shard_size), "--processes", str(WORKERS), "--json", "-q", *self.model, *more,
        ]  # fmt: skip
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)

    def finish(self, running: subprocess.Popen[bytes]) -> dict[str, Any]:
        """Wait for a run, and take its counts."""
        said, errors = running.communicate(timeout=_LONGEST_S)
        if running.returncode not in (0, EXIT_SOME_FAILED):
            raise RuntimeError(f"the archive ended with {running.returncode}: {errors.decode()[-800:]}")
        summary: dict[str, Any] = json.loads(said)
        return summary

    def verified(self, manifest: str, prefix: str) -> dict[str, Any]:
        """What ``archive verify`` says of a prefix."""
        command = [
            sys.executable, "-m", "edge_runtime", "archive", "verify", f"s3://{RESULTS}/{prefix}",
            "--manifest", f"s3://{BUCKET}/{manifest}", "--json",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Of every run."""
        return {**os.environ, **LOCAL, **self.store.environment}


def killed_run(bench: Bench, cluster: LocalCluster, shards: int, kills: int, most_s: float) -> dict[str, Any]:
    """Run to the end under kills, spread over the run, for so long; returns what was done and what it took."""
    began = time.monotonic()
    running = bench.start("all.parquet", "killed", "--ray", cluster.address)
    done: Counter[str] = Counter()
    drivers = 1
    for number in range(kills):
        kind = KINDS[number % len(KINDS)]
        reached = _wait_for(bench, running, round(shards * (number + 0.5) / (kills + 1)))
        if running.poll() is not None or time.monotonic() - began > most_s:
            break
        if kind == "driver":
            running.kill()
            running.communicate()
            running = bench.start("all.parquet", "killed", "--ray", cluster.address)
            drivers += 1
        elif kind == "worker":
            _kill_worker(cluster)
        elif kind == "node":
            cluster.lose_a_node()
        else:
            bench.store.fail(FAULTS[kind])
            time.sleep(FAULTS_S)
            bench.store.fail(Faults())
        done[kind] += 1
        print(f"kill {number + 1}, {kind}: {reached} of {shards} shards were there", flush=True)
    summary = bench.finish(running)
    return {
        "kills": dict(done),
        "drivers": drivers,
        "seconds": round(time.monotonic() - began, 1),
        "peak_mb": summary["this_run"]["peak_mb"],
    }


def _wait_for(bench: Bench, running: subprocess.Popen[bytes], shards: int) -> int:
    while (there := number_of_shards(bench.store, "killed")) < shards and running.poll() is None:
        time.sleep(_LOOK_EVERY_S)
    return there


def _kill_worker(cluster: LocalCluster) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for pid in cluster.actors():
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(_LOOK_EVERY_S)
    raise RuntimeError("no worker was found")


def timed(bench: Bench, cluster: LocalCluster, rounds: int) -> dict[str, Any]:
    """Both engines in turns, on few keys and on many: what the latter take more is without any start."""
    runs: dict[str, list[dict[str, Any]]] = {"processes": [], "ray": []}
    for number in range(rounds):
        for engine, more in (("processes", ()), ("ray", ("--ray", cluster.address))):
            few, many = (
                _taken(bench, f"{name}.parquet", f"{engine}-{name}-{number}", *more) for name in ("few", "many")
            )
            runs[engine].append(
                {
                    "processor_s": round(many["processor_s"] - few["processor_s"], 1),
                    "wall_s": round(many["wall_s"] - few["wall_s"], 1),
                    "start_s": [one["start_seconds"] for one in (few, many)],
                    "peak_mb": many["peak_mb"],
                }
            )
            print(f"round {number + 1}, {engine}: {runs[engine][-1]}", flush=True)
    pairs = list(zip(runs["ray"], runs["processes"], strict=True))
    return {
        "rounds": rounds,
        "load_per_core": round(os.getloadavg()[0] / (os.cpu_count() or 1), 2),
        **runs,
        "ratio": {
            name: {"median": statistics.median(all_), "min": min(all_), "max": max(all_)}
            for name in ("processor_s", "wall_s")
            if (all_ := [round(ray[name] / plain[name], 3) for ray, plain in pairs])
        },
    }


def _taken(bench: Bench, manifest: str, prefix: str, *more: str) -> dict[str, Any]:
    """What a run took: of the processors of this machine, with all that ran beside it."""
    before_s = busy_s()
    summary = bench.finish(bench.start(manifest, prefix, *more))["this_run"]
    return {**summary, "processor_s": busy_s() - before_s, "wall_s": summary["seconds"] - summary["start_seconds"]}


def busy_s() -> float:
    """Seconds for which all processors of this machine have been at work, which must do nothing else.

    Not of the cluster's processes: what a worker took that has ended is added to none of them.
    """
    with Path("/proc/stat").open(encoding="ascii") as file:
        user, nice, system, _idle, _waiting, *interrupts = (int(field) for field in file.readline().split()[1:8])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def under_kills(options: argparse.Namespace) -> dict[str, Any]:
    """Run undisturbed, and under kills; returns what was met."""
    files = small_files(options.distinct) if options.small else scan_files(options.distinct, options.seed)
    shards = -(-options.keys // options.shard_size)
    with object_store() as store, tempfile.TemporaryDirectory() as folder:
        made = fill(store, files, {"all.parquet": options.keys})
        tiny = Path(folder, "tiny.onnx")
        tiny.write_bytes(tiny_model_bytes(TinyModel()))
        bench = Bench(store, options.shard_size, ("--model", str(tiny)) if options.small else ())
        whole = bench.finish(bench.start("all.parquet", "undisturbed"))["this_run"]
        print(f"undisturbed: {whole['seconds']} s", flush=True)
        before = store.counts()
        with ray_cluster(WORKERS, store.environment) as cluster:
            killed = killed_run(bench, cluster, shards, options.kills, options.most_s)
            ready_s = round(cluster.started_s, 1)
        requests = {name: count - before.get(name, 0) for name, count in store.counts().items()}
        first, second = shards_of(store, "undisturbed"), shards_of(store, "killed")
        proven = bench.verified("all.parquet", "killed")
    differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    return {
        "keys": options.keys,
        "scans": SMALL_NOTE if options.small else NOTE,
        "model": "tiny" if options.small else "bundled",
        **asdict(made),
        "shard_size": options.shard_size,
        "cluster_start_s": ready_s,
        "undisturbed": whole,
        "killed": killed,
        "requests_under_kills": requests,
        "shards": len(second),
        "differing": differing,
        "verified": proven,
        "good": not differing and proven["scans"] == options.keys and len(second) == shards,
    }


def compared(options: argparse.Namespace) -> dict[str, Any]:
    """Time both engines; returns what they took."""
    files = scan_files(options.pace_distinct, options.seed)
    with object_store() as store:
        fill(store, files, {"few.parquet": options.pace_keys // 5, "many.parquet": options.pace_keys})
        bench = Bench(store, options.shard_size)
        with ray_cluster(WORKERS, store.environment) as cluster:
            pace = timed(bench, cluster, options.rounds)
    about = {"keys": [options.pace_keys // 5, options.pace_keys], "scans": NOTE, "model": "bundled"}
    return {**about, "distinct": len(files), "shard_size": options.shard_size, **pace, "good": True}


PARTS = {"kills": under_kills, "pace": compared}


def main() -> int:
    """Kill, print, save; 1 when a shard differs or is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--distinct", type=int, default=400, help="scans")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--most-s", type=float, default=_LONGEST_S, help="seconds after which nothing more is killed")
    parser.add_argument("--shard-size", type=int, default=100)
    parser.add_argument("--pace-keys", type=int, default=2000, help="of the runs that compare both engines")
    parser.add_argument("--pace-distinct", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3, help="of these")
    parser.add_argument("--small", action="store_true", help="kills: small drawn scans and a tiny model")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--part", choices=PARTS, action="append", help="only this; what the file says of others stays")
    arguments = parser.parse_args()
    content = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.out.exists() else {}
    for part in arguments.part or PARTS:
        content[part] = {
            **place(),
            "versions": versions("ray", "pyarrow", "s3fs", "moto"),
            "seed": arguments.seed,
            "workers": WORKERS,
            **PARTS[part](arguments),
        }
        save(arguments.out, content)
        print(json.dumps(content[part], indent=1))
    return 0 if all(content[part]["good"] for part in arguments.part or PARTS) else 1


if __name__ == "__main__":
    sys.exit(main())
