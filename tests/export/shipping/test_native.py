"""Native libraries are named by evidence alone: a version that nothing states stays unknown."""

from __future__ import annotations

import json
import re
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest

from export.shipping.freeze import LOCKS, Environment, canonical
from export.shipping.native import NativeLibrary, native_files, native_libraries
from export.shipping.program import PACKAGES, Program
from tests.conftest import ROOT

ELF = b"\x7fELF\0"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    (tmp_path / "venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    return Environment(tmp_path / "venv")


@pytest.fixture
def program(tmp_path: Path, environment: Environment) -> Program:
    return Program(tmp_path / "edge-cataract", environment, "amd64", python=None)


def put(program: Program, wheel: str, **files: bytes) -> None:
    """A wheel in the environment, whose files are in the program."""
    site = program.environment.site
    info = site / f"{wheel}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {wheel}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in files))
    for name, content in files.items():
        for folder in (site, program.folder / PACKAGES):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


def found(program: Program) -> dict[str, NativeLibrary]:
    return {f"{one.owner}#{one.name}": one for one in native_libraries(program)}


def test_a_version_is_what_the_binary_says_of_itself(program: Program) -> None:
    name = "opencv.libs/libcrypto-5409cd36.so.1.1.1k"
    content = ELF + b"OpenSSL 1.1.1k  FIPS 25 Mar 2021\0"
    put(program, "opencv", **{name: content})
    (library,) = found(program).values()
    assert (library.owner, library.name, library.version) == ("opencv", "openssl", "1.1.1k")
    assert library.files == {f"{PACKAGES}/{name}": sha256(content).hexdigest()}
    assert ("binary-analysis", "OpenSSL 1.1.1k  FIPS 25 Mar 2021") in library.evidence


def test_a_library_without_a_word_of_its_version_has_none(program: Program) -> None:
    put(program, "numpy", **{"numpy.libs/libgfortran-040039e1-0352e75f.so.5.0.0": ELF})
    (library,) = found(program).values()
    assert (library.name, library.version) == ("libgfortran", None)


def test_a_number_among_others_is_no_version(program: Program) -> None:
    put(program, "pillow", **{"pillow.libs/libzstd-1.so.1.5.7": ELF + b"\x001.5.7\0\x002.0.0\0"})
    assert found(program)["pillow#zstd"].version is None
    (program.folder / PACKAGES / "pillow.libs/libzstd-1.so.1.5.7").write_bytes(ELF + b"\x001.5.7\0")
    assert found(program)["pillow#zstd"].version == "1.5.7"


def test_libraries_inside_of_a_module_are_found(program: Program) -> None:
    put(
        program,
        "opencv",
        **{"cv2/cv2.abi3.so": ELF + b"TIFF:   build (ver 42 - 4.7.1)\0N6google8protobuf"},
    )
    libraries = found(program)
    assert {name: one.version for name, one in libraries.items()} == {
        "opencv#libtiff": "4.7.1",
        "opencv#protobuf": None,
    }


def test_a_parts_list_of_the_wheel_itself_is_merged(program: Program) -> None:
    listed = {
        "components": [
            {"name": "opencv", "version": "1.0", "purl": "pkg:pypi/opencv@1.0"},
            {"name": "openssl-libs", "version": "1.1.1k-15", "purl": "pkg:rpm/almalinux/openssl-libs@1.1.1k-15"},
        ]
    }
    info = "opencv-1.0.dist-info/sboms/auditwheel.cdx.json"
    put(program, "opencv", **{"opencv.libs/libssl-8.so.1": ELF, info: b""})
    (program.environment.site / info).write_text(json.dumps(listed))
    (library,) = found(program).values()
    assert (library.name, library.version) == ("openssl", "1.1.1k-15")
    assert library.package_url == "pkg:rpm/almalinux/openssl-libs@1.1.1k-15"


def test_links_and_other_files_are_no_native_files(tmp_path: Path) -> None:
    (tmp_path / "a.so").write_bytes(ELF)
    (tmp_path / "b.so").symlink_to("a.so")
    (tmp_path / "c.txt").write_bytes(b"ELF")
    assert [name for name, _ in native_files(tmp_path)] == ["a.so"]


def test_every_locked_version_has_a_digest(environment: Environment) -> None:
    for name in ("kiosk.txt", "tools.txt"):
        lines = (LOCKS / name).read_text(encoding="utf-8").splitlines()
        pinned = [place for place, line in enumerate(lines) if "==" in line]
        assert len(pinned) > 3
        assert all(lines[place + 1].strip().startswith("--hash=sha256:") for place in pinned)
    assert {"numpy", "onnxruntime", "opencv-python-headless", "pynetdicom", "starlette"} <= environment.locked()


def test_everything_that_the_extras_of_a_kiosk_ask_for_is_locked(environment: Environment) -> None:
    extras = ("dicom", "dicom-net", "dicom-out", "report", "serve", "slots", "watch")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(one for extra in extras for one in project["optional-dependencies"][extra]),
    ]
    names = {canonical(re.split(r"[\[<>=!~ ]", one)[0]) for one in asked}
    assert names - environment.locked() == {"edge-cataract"}
