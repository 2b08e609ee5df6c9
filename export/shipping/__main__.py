"""`python -m export.shipping`, or `make release`: build what is given to a kiosk, and check all of it.

A wheel that two clones make alike, the Debian package of the frozen program, on x86-64 a package for ARM beside it,
their parts lists and digests, signed where a key is given. The package is installed into a bootstrapped Debian without
a network, proven, started and purged; that for ARM is proven on an emulated board.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from edge_runtime import __version__
from edge_runtime.errors import EdgeCataractError

from .freeze import Environment, freeze
from .package import MAINTAINER, Release, build_package
from .program import Program
from .sbom import parts_list
from .steps import ROOT, ShippingError, run
from .trial import try_on_board, try_out
from .unfrozen import lay_out
from .wheel import build_wheel, clone, commit_time

ARM = "arm64"  # as Debian names it


@dataclass(frozen=True, slots=True)
class Checks:
    """What is checked of a package; a release without one of them was asked for so.

    Attributes
    ----------
    trial
        Whether it is installed into a Debian without a network, and proven there.
    lintian
        Whether lintian looks for errors in it.
    """

    trial: bool = True
    lintian: bool = True

    def check_possible(self) -> None:
        """Check at the start that what comes last can be done, too.

        Raises
        ------
        ShippingError
            ``no-lintian``.
        """
        if self.lintian and not shutil.which("lintian"):
            raise ShippingError(
                "no-lintian",
                "lintian, which looks for errors in the packages, is not installed.",
                "Install it (apt-get install lintian), or leave the check out with --without-lintian.",
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export.shipping", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist", metavar="DIR", help="default: dist")
    parser.add_argument("--key", type=Path, metavar="FILE", help="secret key of minisign; asks for its password")
    parser.add_argument("--maintainer", default=MAINTAINER, help="name and address of who answers for the package")
    parser.add_argument("--compression", type=int, choices=range(1, 20), default=19, metavar="N", help="zstd, 1 to 19")
    parser.add_argument("--no-trial", action="store_true", help="without installing it (which needs root)")
    parser.add_argument("--without-lintian", action="store_true", help="without lintian's look at the packages")
    return parser


def main(words: list[str] | None = None) -> int:
    """Make a release; returns the exit code."""
    options = _parser().parse_args(words)
    try:
        release = Release(__version__, commit_time(ROOT), options.maintainer, options.compression)
        wanted = Checks(trial=not options.no_trial, lintian=not options.without_lintian)
        _release(release, options.output.resolve(), options.key, wanted)
    except EdgeCataractError as error:
        sys.stderr.write(f"python -m export.shipping: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _release(release: Release, output: Path, key: Path | None, checks: Checks) -> None:
    checks.check_possible()
    if run("git", "-C", ROOT, "status", "--porcelain").strip():
        raise ShippingError("not-committed", "There are changes that are not committed.", "A release is a commit.")
    work = ROOT / "build" / "release"
    shutil.rmtree(work, ignore_errors=True)
    _say("an environment with the locked versions")
    environment = Environment.made(work / "environment")
    _say("the wheel, from two clones")
    wheel = _wheel_from_two_clones(environment, work, release.epoch)
    run(sys.executable, "-m", "twine", "check", "--strict", wheel)
    _say("the frozen program")
    program = freeze(environment, wheel, work / "frozen")
    run(program.executable, "selftest")
    made = [wheel, *_package(program, release, work / "package", checks)]
    if checks.trial:
        _say("the package, in a Debian without a network")
        for service, score in try_out(made[1], work / "trial").items():
            _say(f"  exposure of edge-cataract-{service}.service: {score}")
    if program.architecture != ARM:
        _say("the program for ARM")
        for_arm = _package(lay_out(wheel, ARM, work / "unfrozen"), release, work / "package-for-arm", checks)
        if checks.trial:
            _say("the package for ARM, on an emulated board")
            try_on_board(for_arm[0], work / "trial")
        made += for_arm
    output.mkdir(parents=True, exist_ok=True)
    made = [Path(shutil.copy2(path, output)) for path in made]
    sums = write_sums(output, made)
    if key is None:
        _say("without a signature, as no key was given")
    else:
        sign(sums, key)
    shutil.rmtree(work)
    for path in (*made, sums):
        sys.stdout.write(f"{path}\n")


def _package(program: Program, release: Release, folder: Path, checks: Checks) -> list[Path]:
    """The Debian package of a program, and its parts list."""
    _say("the parts list")
    parts = parts_list(program, release.version)
    _say("the Debian package")
    package = build_package(program, parts, release, folder)
    if checks.lintian:
        run("lintian", "--fail-on", "error", package)
    else:
        _say("without lintian, as was asked for")
    listed = package.with_suffix(".cdx.json")
    listed.write_text(parts, encoding="utf-8")
    return [package, listed]


def _wheel_from_two_clones(environment: Environment, work: Path, epoch: int) -> Path:
    first, second = (
        build_wheel(environment, clone(ROOT, "HEAD", work / name / "clone"), work / name / "wheel", epoch)
        for name in ("first", "second/with/another/path")
    )
    if first.read_bytes() != second.read_bytes():
        raise ShippingError("not-reproducible", "Two clones give two wheels.", "Compare them with diffoscope.")
    return first


def write_sums(folder: Path, paths: list[Path]) -> Path:
    """Write SHA256SUMS for files of a folder, as `sha256sum --check` reads it."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(paths)]
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(lines), encoding="utf-8")
    return sums


def sign(sums: Path, key: Path) -> None:
    """Sign the digests by minisign, which asks at the terminal for the password of the key, where it has one.

    Raises
    ------
    ShippingError
        ``not-signed``.
    """
    words: list[str | Path] = ["minisign", "-S", "-s", key, "-m", sums, "-t", f"edge-cataract {__version__}"]
    if not shutil.which("minisign") or subprocess.run(words, check=False, stdout=subprocess.DEVNULL).returncode:
        raise ShippingError("not-signed", f"{sums.name} could not be signed.", "See minisign(1).")


def _say(what: str) -> None:
    sys.stderr.write(f"release: {what}\n")


if __name__ == "__main__":
    sys.exit(main())
