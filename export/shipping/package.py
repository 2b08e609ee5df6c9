"""The Debian package of a program: its folder, units, settings, manual, completions and licences."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from .command_line import completions, manual
from .cross import PYTHON, fetched_debian
from .freeze import architecture
from .licences import copy_licences
from .program import Program
from .steps import ROOT, run

DEBIAN = Path(__file__).parent / "debian"
MAINTAINER = "edge-cataract maintainers <maintainers@edge-cataract.invalid>"
SCRIPTS = ("postinst", "prerm", "postrm")
# What a package says of its Python.
_OWN_PYTHON = "The program is frozen, and brings Python along."
_PYTHON_OF_DEBIAN = f"The program is run by Debian's Python {PYTHON}."
_LIBRARIES = ("libc6", "libgcc-s1", "libstdc++6", "zlib1g")  # of Debian, that wheels are linked with


@dataclass(frozen=True, slots=True)
class Release:
    """What a package says of itself.

    Attributes
    ----------
    version
        Version of the wheel.
    epoch
        Time of the commit, in seconds since 1970; every file of the package has it.
    maintainer
        Name and address of who answers for the package.
    compression
        Level of zstd: 19 makes the smallest package, 1 a fifth larger one in seconds.
    """

    version: str
    epoch: int
    maintainer: str = MAINTAINER
    compression: int = 19

    @property
    def debian_version(self) -> str:
        """The version as Debian sorts it: 1.0rc1 and 1.0.dev1 come before 1.0."""
        return re.sub(r"\.?(dev|a|b|rc)(\d+)", r"~\1\2", self.version)


def build_package(program: Program, parts: str, release: Release, folder: Path) -> Path:
    """Put the package together in `folder`; returns its path.

    Parameters
    ----------
    program
        What is in it.
    parts
        The parts list (SBOM) as JSON.
    release
        Version and time.
    folder
        A folder for the tree of the package and the package.

    Raises
    ------
    ShippingError
        When a step fails.
    """
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(program.folder, tree / "usr/lib/edge-cataract", symlinks=True)
    (tree / "usr/bin").mkdir()
    (tree / "usr/bin/edge-cataract").symlink_to("../lib/edge-cataract/edge-cataract")
    for path in (DEBIAN / "units").rglob("*.*"):
        if path.is_file():
            _put(tree / "usr/lib/systemd/system" / path.relative_to(DEBIAN / "units"), path.read_bytes())
    _put(tree / "etc/default/edge-cataract", (DEBIAN / "edge-cataract.default").read_bytes())
    _put_documents(tree / "usr/share", parts, release)
    copy_licences(program, tree / "usr/share/doc/edge-cataract/licences")
    _put_control(tree, program, release)
    _make_plain(tree, release.epoch)
    name = f"edge-cataract_{release.debian_version}_{program.architecture}.deb"
    time = {"SOURCE_DATE_EPOCH": str(release.epoch)}
    run(
        "dpkg-deb", "--root-owner-group", "-Zzstd", f"-z{release.compression}", "--build", tree, folder / name, env=time
    )
    return folder / name


def _put(path: Path, content: bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def _put_documents(share: Path, parts: str, release: Release) -> None:
    def packed(text: str) -> bytes:
        return gzip.compress(text.encode("utf-8"), 9, mtime=0)

    documents = share / "doc/edge-cataract"
    changes = run("date", "--utc", "--rfc-email", f"--date=@{release.epoch}").strip()
    entry = f"edge-cataract ({release.debian_version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n"
    _put(documents / "changelog.gz", packed(f"{entry} -- {release.maintainer}  {changes}\n"))
    _put(documents / "CHANGELOG.md.gz", packed((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))
    _put(documents / "shipping.md.gz", packed((ROOT / "docs" / "shipping.md").read_text(encoding="utf-8")))
    _put(documents / "copyright", (DEBIAN / "copyright").read_bytes())
    _put(documents / "edge-cataract.cdx.json", parts.encode("utf-8"))
    _put(share / "man/man1/edge-cataract.1.gz", packed(manual(release.epoch)))
    _put(share / "lintian/overrides/edge-cataract", (DEBIAN / "lintian-overrides").read_bytes())
    for path, script in completions().items():
        _put(share / path, script.encode("utf-8"))


def _put_control(tree: Path, program: Program, release: Release) -> None:
    control = Template((DEBIAN / "control").read_text(encoding="utf-8")).substitute(
        version=release.debian_version,
        architecture=program.architecture,
        maintainer=release.maintainer,
        kibibytes=sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file()) // 1024,
        depends=needed_packages(tree, program),
        origin=_OWN_PYTHON if program.python else _PYTHON_OF_DEBIAN,
    )
    _put(tree / "DEBIAN/control", control.encode("utf-8"))
    _put(tree / "DEBIAN/conffiles", b"/etc/default/edge-cataract\n")
    sums = run("sh", "-c", "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum", cwd=tree)
    _put(tree / "DEBIAN/md5sums", sums.encode("utf-8"))
    for name in SCRIPTS:
        _put(tree / "DEBIAN" / name, (DEBIAN / name).read_bytes(), 0o755)


def needed_packages(tree: Path, program: Program) -> str:
    """The Debian packages, with their least versions, whose libraries the files of a program are linked with.

    Those of another architecture than this machine's are fetched.

    Raises
    ------
    ShippingError
        When `dpkg-shlibdeps` finds a library nowhere, or a package cannot be fetched.
    """
    scratch = tree.parent / "shlibdeps"
    _put(scratch / "debian/control", b"Source: edge-cataract\n\nPackage: edge-cataract\nArchitecture: any\n")
    files = [path for path in sorted((tree / "usr/lib").rglob("*")) if _is_native(path)]
    words: list[str | Path] = [*files, *sorted({f"-l{path.parent}" for path in files})]
    if program.python is not None:
        words += [f"-x{name}" for name in ("libsqlite3-0", f"libpython3.{sys.version_info.minor}")]  # BROUGHT_ALONG
    try:
        if program.architecture == architecture():
            found = _linked_with(words, scratch, program.architecture)
        else:
            with fetched_debian(program.architecture, _LIBRARIES, scratch) as packages:
                words += [f"-S{one}" for one in packages.unpack_each(_LIBRARIES, scratch / "packages")]
                found = _linked_with(words, scratch, program.architecture)
    finally:
        shutil.rmtree(scratch)
    return found if program.python is not None else f"{found}, python{PYTHON}"


def _linked_with(words: Sequence[str | Path], scratch: Path, arch: str) -> str:
    env = {"DEB_HOST_ARCH": arch}
    found = run("dpkg-shlibdeps", "-O", "--ignore-missing-info", *words, cwd=scratch, env=env)
    return found.strip().removeprefix("shlibs:Depends=")


def _is_native(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _make_plain(tree: Path, epoch: int) -> None:
    """Give every file the modes and the time that it would have from any other machine."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            runs = path.stat().st_mode & 0o100 and ".so" not in path.name
            path.chmod(0o755 if path.is_dir() or runs else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
