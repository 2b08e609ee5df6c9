"""Two machines on one: two network namespaces with a cable between them, which end with the program that asked."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRST, SECOND = "10.77.0.1", "10.77.0.2"  # known inside the namespaces alone
PORT = 29511
_INSIDE = "EDGE_CATARACT_TWO_MACHINES"
# One process number space of its own: whatever is started inside ends when the first process does.
APART = ["unshare", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
_CABLE = f"""
mount -t tmpfs none /run && mkdir -p /run/netns
ip netns add first && ip netns add second
ip link add c0 type veth peer name c1
ip link set c0 netns first && ip link set c1 netns second
ip -n first addr add {FIRST}/24 dev c0 && ip -n second addr add {SECOND}/24 dev c1
for name in first second; do ip -n $name link set lo up; done
ip -n first link set c0 up && ip -n second link set c1 up
"""


def inside() -> bool:
    """Whether this process is one of the two machines' world already."""
    return os.environ.get(_INSIDE) == "1"


def again_inside(module: str, arguments: list[str]) -> int:
    """Run a module anew where both machines are; returns its exit code.

    Raises
    ------
    RuntimeError
        When this system lets nobody make a namespace.
    """
    script = f'set -e{_CABLE}exec "$@"'
    words = [*APART, "bash", "-c", script, "--", sys.executable, "-m", module, *arguments]
    return subprocess.run(words, env={**os.environ, _INSIDE: "1"}, cwd=ROOT, check=False).returncode


@dataclass(frozen=True, slots=True)
class Machine:
    """One of the two.

    Attributes
    ----------
    number
        0 or 1.
    namespace, cable
        Names of its network and of its end of the cable.
    """

    number: int
    namespace: str
    cable: str

    def torchrun(self, *words: str, log: Path) -> subprocess.Popen[bytes]:
        """Start this machine's part of a module, with one thread; all of its processes end with the one returned."""
        command = [
            "unshare", "--pid", "--fork", "--kill-child",
            "ip", "netns", "exec", self.namespace, sys.executable, "-m", "torch.distributed.run",
            "--nnodes", "2", "--nproc-per-node", "1", "--node-rank", str(self.number), "--rdzv-backend", "static",
            "--master-addr", FIRST, "--master-port", str(PORT), "-m", *words,
        ]  # fmt: skip
        environment = {**os.environ, "GLOO_SOCKET_IFNAME": self.cable, "OMP_NUM_THREADS": "1"}
        with log.open("ab") as file:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)


MACHINES = (Machine(0, "first", "c0"), Machine(1, "second", "c1"))


def kill(running: subprocess.Popen[bytes]) -> None:
    """A power cut: the whole machine is gone at once."""
    running.kill()
    running.wait()
