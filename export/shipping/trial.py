"""Try a package out where it will live: a bootstrapped Debian, booted in a container that has no network.

A package for a processor that this machine does not have is unpacked beside the packages that it asks for, and proven
by an emulator.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .board import describe_processor, emulated, environment_of
from .cross import names_of, unpack_debian
from .program import PACKAGES
from .steps import ShippingError, run
from .unfrozen import PLACE

SUITE = "bookworm"  # the oldest Debian that is supported
SERVICES = ("serve", "watch", "receive")
PAGE = "http://127.0.0.1:8477/"
SAMPLE = f"{PLACE}/{PACKAGES}/edge_runtime/samples/simulated-cataract.png"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE_S = 120.0
# What a running system writes by itself, whatever is installed.
_RESTLESS = ("dev", "proc", "run", "sys", "tmp", "var/cache", "var/log", "var/tmp", "var/lib/systemd", "root")
# Accounts: their contents are compared, and not only their names.
_COMPARED = ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow")


def bootstrap(folder: Path) -> Path:
    """A Debian with little more than systemd in it; needs the network and root.

    Raises
    ------
    ShippingError
        When it cannot be made.
    """
    run("debootstrap", "--variant=minbase", "--include=systemd", SUITE, folder)
    return folder


@dataclass(frozen=True, slots=True)
class Machine:
    """A booted Debian.

    Attributes
    ----------
    root
        Its files.
    first_process
        Its systemd, as this machine numbers it.
    """

    root: Path
    first_process: int

    def run(self, *words: str, env: dict[str, str] | None = None) -> str:
        """What a program in there writes to standard output.

        Raises
        ------
        ShippingError
            When it fails.
        """
        settings = [f"{name}={value}" for name, value in {"PATH": _PATH, "LC_ALL": "C.UTF-8", **(env or {})}.items()]
        inside = ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
        return run("nsenter", "--target", str(self.first_process), *inside, "--", "env", "-i", *settings, *words)

    def run_here(self, *words: str) -> str:
        """What a program of this machine writes, when it has only the network in there: nothing but loopback."""
        return run("nsenter", "--target", str(self.first_process), "--net", "--", *words)

    def install(self, package: Path) -> None:
        """Install a package."""
        inside = self.root / "root" / package.name
        inside.write_bytes(package.read_bytes())
        self.run("dpkg", "--install", f"/root/{package.name}", env={"DEBIAN_FRONTEND": "noninteractive"})
        inside.unlink()

    def traces(self) -> dict[str, bytes]:
        """{path: content, of the files whose content is compared} of all that lasts."""
        found = {}
        for folder, names, files in os.walk(self.root):
            place = Path(folder).relative_to(self.root)
            names[:] = [name for name in names if str(place / name) not in _RESTLESS]
            for name in (*names, *files):
                path = str(place / name)
                found[path] = (self.root / path).read_bytes() if path in _COMPARED else b""
        return found


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """Boot a Debian without any network but loopback, and switch it off in the end.

    Raises
    ------
    ShippingError
        ``no-boot`` when it does not come up.
    """
    words = ["systemd-nspawn", "--quiet", "--boot", "--private-network", "--register=no", "--keep-unit"]
    options = [f"--directory={root}", "--kill-signal=SIGRTMIN+14", "--console=pipe"]
    with subprocess.Popen(
        [*words, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as container:
        try:
            yield _come_up(root, container)
        finally:
            _switch_off(container)


def _come_up(root: Path, container: subprocess.Popen[bytes]) -> Machine:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and container.poll() is None:
        for child in _children(container.pid):
            machine = Machine(root, child)
            with suppress(ShippingError):
                machine.run("systemctl", "is-active", "--quiet", "multi-user.target")
                return machine
        time.sleep(0.2)
    raise ShippingError("no-boot", "The bootstrapped Debian did not come up in a container.", "See systemd-nspawn(1).")


def _switch_off(container: subprocess.Popen[bytes]) -> None:
    first = _children(container.pid)
    container.send_signal(signal.SIGTERM)
    try:
        container.wait(timeout=30)
    except subprocess.TimeoutExpired:
        for process in (*first, container.pid):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def _children(process: int) -> list[int]:
    try:
        words = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    return [int(word) for word in words]


def leftovers(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """What came, went or changed between two looks at a machine."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def exposure(machine: Machine, service: str) -> float:
    """How exposed systemd reckons a unit, from 0 (not at all) to 10."""
    told = machine.run("systemd-analyze", "security", "--no-pager", f"edge-cataract-{service}.service")
    return float(told.rpartition("edge-cataract")[2].split()[1])


def try_out(package: Path, folder: Path) -> dict[str, float]:
    """Install a package without a network, prove it, start its service, purge it; returns the units' exposure.

    Raises
    ------
    ShippingError
        When a step fails, or ``left-over`` when something of the package stays behind.
    """
    with booted(bootstrap(folder / "root")) as machine:
        before = machine.traces()
        machine.install(package)
        machine.run("edge-cataract", "selftest")
        machine.run("edge-cataract", SAMPLE)
        units = [f"edge-cataract-{service}.service" for service in SERVICES]
        machine.run("systemd-analyze", "verify", "--man=no", *units)
        scores = {service: exposure(machine, service) for service in SERVICES}
        machine.run("systemctl", "start", units[0])
        wait_until_ready(machine)
        machine.run("dpkg", "--purge", "edge-cataract")
        left = leftovers(before, machine.traces())
    if left:
        raise ShippingError("left-over", f"A purge left {', '.join(left[:9])}.", "Mend export/shipping/debian/postrm.")
    return scores


def unpack_on_board(package: Path, root: Path) -> list[str]:
    """Unpack a package for ARM, and of Debian's what it asks for and nothing else, below `root`.

    Returns
    -------
    The beginning of the command that runs the program there, which `board.environment_of` needs, too.

    Raises
    ------
    ShippingError
        When a package cannot be fetched.
    """
    unpack_debian("arm64", names_of(run("dpkg-deb", "--field", package, "Depends")), root)
    run("dpkg-deb", "--extract", package, root)
    describe_processor(root)
    starter = root / PLACE.relative_to("/") / "edge-cataract"
    with starter.open(encoding="ascii") as file:
        interpreter, *options = file.readline().removeprefix("#!").split()  # as Linux reads it
    return [*emulated(root / interpreter.lstrip("/")), *options, str(starter)]


def try_on_board(package: Path, folder: Path) -> None:
    """Prove a package for ARM on an emulated Raspberry Pi 4; neither its units nor its scripts are tried.

    Raises
    ------
    ShippingError
        When a step fails.
    """
    root = folder / "board"
    program = unpack_on_board(package, root)
    for words in (["selftest"], [str(root / SAMPLE.lstrip("/"))]):
        run(*program, *words, env=environment_of(root))


def wait_until_ready(machine: Machine) -> None:
    """Wait until the service answers that it has proven itself.

    Raises
    ------
    ShippingError
        When it does not within two minutes.
    """
    words = ["--silent", "--fail", "--retry", "60", "--retry-delay", "1", "--retry-all-errors", "--max-time", "120"]
    machine.run_here("curl", *words, f"{PAGE}health/ready")
