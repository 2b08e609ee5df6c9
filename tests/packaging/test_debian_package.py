"""The Debian package installs without a network, starts, analyses, and leaves nothing behind when it is purged."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from export.shipping.program import Program
from export.shipping.sbom import check_parts_list
from export.shipping.steps import ShippingError, run
from export.shipping.trial import PAGE, SAMPLE, SERVICES, exposure, leftovers, wait_until_ready

from .conftest import Installed, released_fraction
from .parts import files_without_owner

pytestmark = [pytest.mark.slow, pytest.mark.network]

STATE = "/var/lib/edge-cataract"
EXPECTED = pytest.approx(released_fraction(Path(SAMPLE).name), abs=1e-3)
MOST_EXPOSED = {"serve": 1.5, "watch": 1.0, "receive": 1.5}  # of 10, as `systemd-analyze security` reckons


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.3)
    return False


def components(parts: str) -> dict[str, str | None]:
    return {one["bom-ref"]: one.get("version") for one in json.loads(parts)["components"]}


def test_the_parts_list_names_the_native_libraries_inside_of_wheels(frozen: Program, parts: str) -> None:
    check_parts_list(parts)
    listed = components(parts)
    for name in ("openssl", "ffmpeg", "libvpx", "libaom", "libpng", "libjpeg-turbo", "libtiff", "openblas"):
        assert re.match(r"\d+\.\d+", str(listed[f"opencv-python-headless#{name}"])), name
    for name in ("curl", "protobuf", "onnx"):
        assert f"onnxruntime#{name}" in listed
    assert "python-gdcm#openssl" in listed
    assert "pyinstaller==6" not in " ".join(listed)
    assert files_without_owner(frozen, parts) == []


def test_a_library_that_nothing_accounts_for_is_noticed(frozen: Program, parts: str) -> None:
    fewer = json.loads(parts)
    fewer["components"] = [one for one in fewer["components"] if one["bom-ref"] != "opencv-python-headless#libvpx"]
    missed = files_without_owner(frozen, json.dumps(fewer))
    assert [Path(name).name.split("-")[0] for name in missed] == ["libvpx"]
    with pytest.raises(ShippingError, match="bad-parts-list"):
        check_parts_list(parts.replace('"library"', '"bookshelf"'))


def test_the_package_asks_for_debian_packages_that_every_debian_with_systemd_has(package: Path) -> None:
    said = run("dpkg-deb", "--field", package, "Depends")
    assert {word.split()[0] for word in said.split(", ")} == {
        "adduser", "libbz2-1.0", "libc6", "libffi8", "libgcc-s1", "liblzma5", "libssl3", "libstdc++6", "libuuid1",
        "zlib1g",
    }  # fmt: skip


def test_files_of_the_package_belong_to_root_and_are_writable_by_nobody_else(package: Path) -> None:
    lines = run("dpkg-deb", "--contents", package).splitlines()
    assert len(lines) > 500
    assert {line.split()[1] for line in lines} == {"root/root"}
    assert {line[:10] for line in lines} == {"drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"}


def test_the_installed_program_proves_itself_and_analyses_without_a_network(installed: Installed) -> None:
    machine = installed.machine
    assert re.findall(r"^(\w+)", machine.run_here("ip", "-brief", "link"), re.MULTILINE) == ["lo"]
    assert "PASS: this device computes what the release computed." in machine.run("edge-cataract", "selftest")
    document = json.loads(machine.run("edge-cataract", SAMPLE, "--json"))
    assert document["scans"][0]["cataract_fraction"] == EXPECTED


def test_nothing_starts_by_itself(installed: Installed) -> None:
    for service in SERVICES:
        shown = installed.machine.run(
            "systemctl", "show", f"edge-cataract-{service}", "-p", "ActiveState", "-p", "UnitFileState"
        )
        assert set(shown.split()) == {"ActiveState=inactive", "UnitFileState=disabled"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_is_right_and_hardly_exposed(service: str, installed: Installed) -> None:
    unit = f"edge-cataract-{service}.service"
    assert installed.machine.run("systemd-analyze", "verify", "--man=no", unit) == ""
    assert exposure(installed.machine, service) <= MOST_EXPOSED[service]


def test_the_service_answers_under_its_guards_and_comes_back_after_a_kill(installed: Installed) -> None:
    machine = installed.machine
    machine.run("systemctl", "start", "edge-cataract-serve")
    wait_until_ready(machine)

    def ask(path: str, *options: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(machine.run_here("curl", "--silent", *options, f"{PAGE}{path}"))
        return found

    def process() -> str:
        return machine.run("systemctl", "show", "edge-cataract-serve", "-p", "MainPID", "--value").strip()

    token = ask("v1/session", "--header", "Sec-Fetch-Site: same-origin")["token"]
    scan = f"@{machine.root}{SAMPLE}"
    sent = ("--header", f"Authorization: Bearer {token}", "--header", "Content-Type: application/octet-stream")
    document = ask("v1/scans?eye=OD", *sent, "--data-binary", scan)
    assert document["scans"][0]["cataract_fraction"] == EXPECTED  # type: ignore[index]
    audited = json.loads(machine.run("edge-cataract", "audit", "verify", f"{STATE}/audit/answers", "--json"))
    assert (audited["intact"], audited["results"]) == (True, 1)

    first = process()
    status = dict(
        line.split(":\t", 1) for line in machine.run("cat", f"/proc/{first}/status").splitlines() if ":\t" in line
    )
    assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", 0)
    assert machine.run("stat", "--format=%U", f"/proc/{first}").strip() == "edge-cataract"
    with pytest.raises(ShippingError, match="Read-only file system"):
        machine.run("nsenter", "--target", first, "--mount", "--", "touch", "/usr/lib/edge-cataract/changed")
    with pytest.raises(ShippingError, match="Read-only file system"):
        machine.run("nsenter", "--target", first, "--mount", "--", "touch", f"{STATE}/models/trusted.pub")
    for folder in ("", "/models"):
        assert machine.run("stat", "--format=%U:%G %a", f"{STATE}{folder}").strip() == "root:edge-cataract 750"

    machine.run("systemctl", "kill", "--signal=KILL", "--kill-who=main", "edge-cataract-serve")
    assert eventually(lambda: process() not in ("0", first))
    wait_until_ready(machine)
    machine.run("systemctl", "stop", "edge-cataract-serve")
    assert machine.run("systemctl", "show", "edge-cataract-serve", "-p", "Result", "--value").strip() == "success"


def test_the_watcher_judges_an_exam_that_is_put_into_its_folder(installed: Installed) -> None:
    machine = installed.machine
    settings = machine.root / "etc/default/edge-cataract"
    before = settings.read_text()
    settings.write_text(before.replace('WATCH_OPTIONS=""', 'WATCH_OPTIONS="--settle 1 --timeout 2"'))
    machine.run("systemctl", "start", "edge-cataract-watch")
    machine.run("cp", SAMPLE, f"{STATE}/incoming/eye-OD.png")
    results = machine.root / STATE.lstrip("/") / "results"
    found = eventually(lambda: any(results.rglob("*OD*.json")))
    machine.run("systemctl", "stop", "edge-cataract-watch")
    settings.write_text(before)
    assert found, machine.run("journalctl", "-u", "edge-cataract-watch", "--no-pager")
    (document,) = results.rglob("*OD*.json")
    assert json.loads(document.read_text())["eye"]["cataract_fraction"] == EXPECTED


def test_the_receiver_answers_an_echo(installed: Installed, program: Callable[[str], str]) -> None:
    machine = installed.machine
    machine.run("systemctl", "start", "edge-cataract-receive")

    def echoes() -> bool:
        try:
            machine.run_here(program("echoscu"), "-aec", "EDGE", "127.0.0.1", "11112")
        except ShippingError:
            return False
        return True

    found = eventually(echoes)
    machine.run("systemctl", "stop", "edge-cataract-receive")
    assert found, machine.run("journalctl", "-u", "edge-cataract-receive", "--no-pager")


def test_removing_keeps_results_and_a_purge_leaves_nothing(installed: Installed) -> None:
    machine = installed.machine
    machine.run("systemctl", "enable", "edge-cataract-serve")
    machine.run("systemctl", "start", "edge-cataract-serve")
    machine.run("dpkg", "--remove", "edge-cataract")
    assert "edge-cataract" not in machine.run("sh", "-c", "readlink /proc/[0-9]*/exe || true")
    kept = leftovers(installed.before, machine.traces())
    assert {STATE.lstrip("/"), "etc/default/edge-cataract"} <= set(kept)
    assert f"{STATE.lstrip('/')}/audit/answers" in kept
    assert not [path for path in kept if path.startswith("usr/")]
    machine.run("dpkg", "--purge", "edge-cataract")
    assert leftovers(installed.before, machine.traces()) == []
