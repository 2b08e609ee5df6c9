"""A cluster of Ray on this machine, of several nodes, whose parts are killed as they are told: for tests of archives.

``python -m benchmarks.robustness.ray_cluster`` prints its address, and obeys lines on standard input: ``lose`` kills a
node and starts another. It ends, with everything it started, when standard input is closed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LOCAL = "127.0.0.1"
# Without the second, Ray takes the address of a network for that of this machine.
LOCAL = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
_OBJECTS_BYTES = 100 << 20  # the least that Ray takes is 75 MB; shards pass through the store of the archive, not here
_STARTS_S, _ENDS_S = 240.0, 30.0
ACTOR = "ray::ShardActor"


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """A running cluster.

    Attributes
    ----------
    address
        As ``archive --ray`` takes it; who joins needs `LOCAL` in its environment.
    process
        Of the program that holds it.
    started_s
        Seconds until it could be joined.
    """

    address: str
    process: subprocess.Popen[bytes]
    started_s: float

    def lose_a_node(self) -> None:
        """Kill a node with all that runs on it, and start another."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the cluster has no pipes")
        self.process.stdin.write(b"lose\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            raise RuntimeError("the cluster has ended")

    def actors(self) -> list[int]:
        """Process numbers of the workers of archives."""
        return [pid for pid in descendants(self.process.pid) if command_of(pid).startswith(ACTOR)]


@contextmanager
def ray_cluster(nodes: int = 2, environment: dict[str, str] | None = None) -> Iterator[LocalCluster]:
    """A cluster in processes of its own, ended afterwards.

    Parameters
    ----------
    nodes
        Each with one processor.
    environment
        What its processes find in their environment beside the usual.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.robustness.ray_cluster", "--nodes", str(nodes)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **LOCAL, "PYTHONPATH": str(ROOT), **(environment or {})},
    )
    try:
        address = process.stdout.readline().decode().strip() if process.stdout else ""
        if not address:
            raise RuntimeError("the cluster did not start")
        yield LocalCluster(address, process, time.monotonic() - began)
    finally:
        started = descendants(process.pid)
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDS_S)
        for pid in [process.pid, *started]:
            with suppress(ProcessLookupError):
                if pid == process.pid or "ray" in command_of(pid):
                    os.kill(pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def descendants(pid: int) -> list[int]:
    """Process numbers of all that a process started, directly or not."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError, IndexError):
                stat = Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace")
                children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, left = [], [pid]
    while left:
        more = children.get(left.pop(), [])
        found += more
        left += more
    return found


def command_of(pid: int) -> str:
    """The command line of a process; "" when it has ended."""
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def main() -> int:
    """Hold a cluster until standard input is closed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=2)
    arguments = parser.parse_args()
    folder = os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="ray-")
    cluster_utils = import_module("ray.cluster_utils")
    Path(folder, "ray").mkdir()
    node = {"num_cpus": 1, "object_store_memory": _OBJECTS_BYTES}
    head = {**node, "wait": False, "node_ip_address": _LOCAL, "include_dashboard": False}
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    others = [cluster.add_node(wait=False, **node, node_ip_address=_LOCAL) for _ in range(arguments.nodes - 1)]
    cluster.wait_for_nodes(timeout=_STARTS_S)
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "lose":
            cluster.remove_node(others.pop(0), allow_graceful=False)
            others.append(cluster.add_node(wait=False, **node, node_ip_address=_LOCAL))
            print("lost", flush=True)
    cluster.shutdown()
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
