"""What the package says of itself, and what its units ask the program for."""

from __future__ import annotations

import argparse
import configparser
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.cli import VERBS, build_parser
from edge_runtime.program_signals import INTERRUPTED
from export.shipping.__main__ import main, sign, write_sums
from export.shipping.package import DEBIAN, Release
from export.shipping.steps import ShippingError, run
from export.shipping.trial import SERVICES
from tests.conftest import ROOT

UNITS = sorted((DEBIAN / "units").glob("*.service"))
SETTINGS = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', (DEBIAN / "edge-cataract.default").read_text(), re.MULTILINE))

_SHOWN = re.compile(r'^#?(\w+_OPTIONS)="([^"\n]*)"$', re.MULTILINE)
SHOWN = [
    (page.name, name, value)
    for page in [DEBIAN / "edge-cataract.default", *sorted((ROOT / "docs").rglob("*.md"))]
    for name, value in _SHOWN.findall(page.read_text(encoding="utf-8"))
]


def unit(path: Path) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, strict=False, delimiters=["="])
    read.optionxform = str  # type: ignore[method-assign,assignment]
    read.read(path)
    return read


@pytest.mark.parametrize(
    ("version", "debian"), [("1.0", "1.0"), ("1.0rc1", "1.0~rc1"), ("1.0.dev3", "1.0~dev3"), ("0.2.0a1", "0.2.0~a1")]
)
def test_what_comes_before_a_version_sorts_before_it(version: str, debian: str) -> None:
    assert Release(version, 0).debian_version == debian


def test_there_is_a_unit_for_each_service() -> None:
    assert [path.stem for path in UNITS] == sorted(f"edge-cataract-{service}" for service in SERVICES)


def asked(path: Path, settings: dict[str, str]) -> argparse.Namespace:
    """What the program understands of a unit's command line with these settings."""
    line = unit(path)["Service"]["ExecStart"].replace("%S", "/var/lib")
    words = shlex.split(re.sub(r"\$\{?(\w+)\}?", lambda match: settings[match[1]], line))
    assert words[0] == "/usr/bin/edge-cataract"
    assert words[1] in VERBS
    return build_parser(words[1:2]).parse_args(words[1:])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_asks_for_a_verb_with_options_that_it_has(path: Path) -> None:
    options = asked(path, SETTINGS)
    assert options.audit == "/var/lib/edge-cataract/audit/answers"
    assert options.slots == "/var/lib/edge-cataract/models"


@pytest.mark.parametrize(("page", "name", "value"), SHOWN)
def test_the_options_that_a_page_shows_are_ones_that_the_verb_has(page: str, name: str, value: str) -> None:
    (path,) = (one for one in UNITS if one.stem.endswith(name.partition("_")[0].lower()))
    assert asked(path, {**SETTINGS, name: value}).audit == "/var/lib/edge-cataract/audit/answers"


def test_pages_show_options_of_services() -> None:
    assert {("shipping.md", "RECEIVE_OPTIONS"), ("edge-cataract.default", "SERVE_OPTIONS")} <= {
        (page, name) for page, name, _ in SHOWN
    }


def test_who_decodes_scans_cannot_change_the_models() -> None:
    guarded = unit(DEBIAN / "units" / "edge-cataract-.service.d" / "hardening.conf")["Service"]
    assert (guarded["ProtectSystem"], guarded["ReadOnlyPaths"]) == ("strict", "-%S/edge-cataract/models")
    written = guarded["StateDirectory"].split()  # systemd gives each of them, and all in it, to the user
    assert written == [f"edge-cataract/{name}" for name in ("audit", "incoming", "results", "queue")]
    made = re.findall(r"^\s*install -d (.+)$", (DEBIAN / "postinst").read_text(), re.MULTILINE)
    assert made == ["-o root -g edge-cataract -m 0750 /var/lib/edge-cataract /var/lib/edge-cataract/models"]
    assert "sudo -u edge-cataract" not in (ROOT / "docs" / "shipping.md").read_text()


def test_every_signal_that_ends_a_verb_in_order_is_no_failure() -> None:
    guarded = unit(DEBIAN / "units" / "edge-cataract-.service.d" / "hardening.conf")["Service"]
    assert {int(code) for code in guarded["SuccessExitStatus"].split()} == set(INTERRUPTED.values())


def test_the_hardening_holds_for_every_unit_and_no_unit_takes_it_back() -> None:
    guarded = unit(DEBIAN / "units" / "edge-cataract-.service.d" / "hardening.conf")["Service"]
    assert guarded["IPAddressDeny"] == "any"
    assert guarded["User"] == "edge-cataract"
    assert guarded["LimitCORE"] == "1"  # with 0, programs that take dumps would be given them
    for path in UNITS:
        own = unit(path)["Service"]
        assert path.stem.startswith("edge-cataract-")
        assert set(own) & set(guarded) == set()
        assert own["MemoryMax"] == "2G"


def test_a_failed_step_says_which_and_what_it_said() -> None:
    with pytest.raises(ShippingError, match="sh ended with 3: no room"):
        run("sh", "-c", "echo no room >&2; exit 3")
    with pytest.raises(ShippingError, match="no-such-program is not installed"):
        run("no-such-program")


def test_digests_are_those_of_the_files(tmp_path: Path) -> None:
    paths = [tmp_path / "b.deb", tmp_path / "a.whl"]
    for path in paths:
        path.write_bytes(path.name.encode())
    write_sums(tmp_path, paths)
    assert run("sha256sum", "--check", "SHA256SUMS", cwd=tmp_path) == "a.whl: OK\nb.deb: OK\n"


def test_the_digests_are_signed_and_a_change_is_noticed(tmp_path: Path, program: Callable[[str], str]) -> None:
    minisign = program("minisign")
    public, secret = tmp_path / "kiosk.pub", tmp_path / "kiosk.key"
    run(minisign, "-G", "-W", "-p", public, "-s", secret)
    (tmp_path / "a.whl").write_bytes(b"a wheel")
    sums = write_sums(tmp_path, [tmp_path / "a.whl"])
    sign(sums, secret)
    assert "edge-cataract" in run(minisign, "-V", "-m", sums, "-p", public)
    sums.write_text(sums.read_text().replace("a.whl", "b.whl"))
    with pytest.raises(ShippingError, match="verification failed"):
        run(minisign, "-V", "-m", sums, "-p", public)
    with pytest.raises(ShippingError, match="not-signed"):
        sign(sums, tmp_path / "no-such.key")


@pytest.mark.parametrize(
    ("words", "refused"),
    [((), "no-lintian"), (("--no-trial",), "no-lintian"), (("--without-lintian",), "not-committed")],
)
def test_no_release_goes_without_lintian_unless_that_was_asked_for(
    words: tuple[str, ...],
    refused: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Here is nothing but a git that knows of a change, by which any release ends before it begins."""
    git = tmp_path / "git"
    git.write_text('#!/bin/sh\ncase "$*" in *status*) echo " M a" ;; *) echo 1700000000 ;; esac\n')
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([*words, "-o", str(tmp_path / "dist")]) == ShippingError.exit_code
    assert f"error[{refused}]" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()


def test_make_passes_on_that_lintian_was_left_out() -> None:
    for words, expected in (((), False), (("WITHOUT_LINTIAN=1",), True)):
        done = subprocess.run(["make", "-n", "release", *words], cwd=ROOT, check=True, capture_output=True, text=True)
        assert ("--without-lintian" in done.stdout) is expected
