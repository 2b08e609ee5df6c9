"""Native libraries inside of the program's folder, by evidence: what wheels declare, and what binaries say themselves.

The metadata of packages name none of them. Evidence of a version is what a binary says of itself, then a parts list
that its wheel brings along (``*.dist-info/sboms``). The name of a file names a library and states no version: what
stands there is that of an interface. A version that nothing states is left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from .freeze import Environment, canonical
from .program import PACKAGES, Program

PYTHON = "python"  # who brings what no wheel brings
# What a binary says of itself or of what was linked into it; the first group is a version, where it states one.
WORDS = {
    "abseil-cpp": (rb"4absl\d+lts_(20\d{6})",),
    "charls": (rb"6charls12jpegls_error",),
    "cpuinfo": (rb"cpuinfo_initialize",),
    "curl": (rb"libcurl[/ ](\d+\.\d+\.\d+)",),
    "eigen": (rb"N5Eigen",),
    "expat": (rb"expat_(\d+\.\d+\.\d+)",),
    "ffmpeg": (rb"FFmpeg version (\d+\.\d+(?:\.\d+)?)",),
    "flatbuffers": (rb"Flatbuffers: +builtin/3rdparty \((\d+\.\d+\.\d+)\)",),
    "intel-ipp": (rb"Intel IPP: +(\d+\.\d+\.\d+)",),
    "intel-itt": (rb"Intel ITT\((\d+\.\d+\.\d+)\)",),
    "lcms2": (rb"_cmsLCMScolorSpace",),
    "libaom": (rb"AOMedia Project AV1 Encoder v?(\d+\.\d+\.\d+)",),
    "libavif": (rb"AVIF: +avif \(ver (\d+\.\d+\.\d+)\)",),
    "libjpeg-turbo": (rb"libjpeg-turbo version (\d+\.\d+\.\d+)", rb"build-libjpeg-turbo \(ver (\d+\.\d+\.\d+)"),
    "libpng": (rb"libpng version (\d+\.\d+\.\d+)",),
    "libtiff": (rb"LIBTIFF, Version (\d+\.\d+\.\d+)", rb"TIFF: +build \(ver \d+ - (\d+\.\d+\.\d+)\)"),
    "libvpx": (rb"WebM Project VP9 (?:En|De)coder v(\d+\.\d+\.\d+)",),
    "libwebp": (rb"WEBP: +build \(ver",),
    "mbedtls": (rb"mbedtls/src/v(\d+\.\d+\.\d+)",),
    "nlohmann-json": (rb"N8nlohmann",),
    "onnx": (rb"N4onnx",),
    "openblas": (rb"OpenBLAS (\d+\.\d+\.\d+)",),
    "openjpeg": (rb"JPEG 2000: +build \(ver (\d+\.\d+\.\d+)\)",),
    "openssl": (rb"OpenSSL (\d+\.\d+\.\d+[a-z]?) [ A-Z]*\d+ [A-Z][a-z]{2} 20\d\d",),
    "protobuf": (rb"Protobuf: +build \((\d+\.\d+\.\d+)\)", rb"N6google8protobuf"),
    "re2": (rb"N3re2",),
    "sqlite": (rb"sqlite_sequence\(name,seq\)",),
    "zlib": (rb"(?:in|de)flate (\d+\.\d+\.\d+(?:\.\d+)?) Copyright",),
}
# Libraries by the beginning of their file name, where it is not the name itself.
NAMES = {
    "_CharLS": "charls",
    "_cffi_backend": "libffi",
    "_openjpeg": "openjpeg",
    "_sodium": "libsodium",
    "libavcodec": "ffmpeg",
    "libavformat": "ffmpeg",
    "libavutil": "ffmpeg",
    "libcrypto": "openssl",
    "libgdcmcharls": "charls",
    "libgdcmexpat": "expat",
    "libgdcmjpeg": "libjpeg",
    "libgdcmopenjp": "openjpeg",
    "libgdcmuuid": "libuuid",
    "libgdcmzlib": "zlib",
    "libjpeg": "libjpeg-turbo",
    "liblcms": "lcms2",
    "liblzma": "xz",
    "libopenblas": "openblas",
    "libopenjp": "openjpeg",
    "libpng": "libpng",
    "libscipy_openblas": "openblas",
    "libsharpyuv": "libwebp",
    "libsqlite": "sqlite",
    "libssl": "openssl",
    "libswresample": "ffmpeg",
    "libswscale": "ffmpeg",
    "libwebp": "libwebp",
    "libzstd": "zstd",
}
# The same, as parts lists of wheels write them.
DECLARED = {
    "freetype": "freetype",
    "libjpeg / libjpeg-turbo": "libjpeg-turbo",
    "little cms 2": "lcms2",
    "openblas-threads": "openblas",
    "openssl-libs": "openssl",
}
# These carry their version as a text of its own, and no other.
BARE = frozenset({"harfbuzz", "libavif", "libwebp", "openjpeg", "sqlite", "xz", "zstd"})
_BARE_VERSION = re.compile(rb"(?<=\x00)(\d+\.\d+\.\d+)(?=\x00)")
_LIBRARY = re.compile(r"(?P<stem>lib[A-Za-z_]+?)(?:64_)?[\d.]*(?:p-r0)?(?:-[0-9a-f]{8})*\.so(?P<soname>[.\d]*\w*)$")


@dataclass(slots=True)
class NativeLibrary:
    """A library that came inside of a package.

    Attributes
    ----------
    owner
        The distribution, or `PYTHON`.
    name
        By which the world knows it.
    version
        As evidence states it; None: nothing does.
    package_url
        Where a parts list of the wheel names one.
    files
        {path in the folder: sha256} of the files that hold it.
    evidence
        {(kind of evidence, what was found)}.
    """

    owner: str
    name: str
    version: str | None = None
    package_url: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    evidence: set[tuple[str, str]] = field(default_factory=set)


def native_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(path in the folder of a program, content) of each native file that is no link."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if content.startswith(b"\x7fELF"):
            yield str(path.relative_to(folder)), content


def native_libraries(program: Program) -> list[NativeLibrary]:
    """Every library that a native file of the program is or holds, with what the wheels declare beside them."""
    owners = _owners(program.environment)
    found: dict[tuple[str, str], NativeLibrary] = {}
    for path, content in native_files(program.folder):
        owner = owners.get(path.removeprefix(f"{PACKAGES}/"), PYTHON)
        for name, version, kind, words in _seen_in(path, content):
            one = found.setdefault((owner, name), NativeLibrary(owner, name))
            one.version = one.version or version
            one.files[path] = hashlib.sha256(content).hexdigest()
            one.evidence.add((kind, words))
    for owner, declared in _declared(program.environment):
        name = DECLARED.get(str(declared["name"]).lower(), str(declared["name"]).lower())
        one = found.setdefault((owner, name), NativeLibrary(owner, name))
        one.version = one.version or declared.get("version")
        one.package_url = one.package_url or declared.get("purl")
        one.evidence.add(("manifest-analysis", f"{declared['name']} {declared.get('version') or ''}".strip()))
    return [found[key] for key in sorted(found)]


def _owners(environment: Environment) -> dict[str, str]:
    """{path below site-packages: distribution}."""
    return {
        str(file): canonical(one.name)
        for one in distributions(path=[str(environment.site)])
        for file in one.files or ()
        if ".so" in file.name
    }


def _seen_in(path: str, content: bytes) -> Iterator[tuple[str, str | None, str, str]]:
    """(library, version, kind of evidence, what was found) for one file."""
    named = _named_by_file(path)
    if named is not None:
        yield named, None, "filename", Path(path).name
        if named in BARE and len(versions := set(_BARE_VERSION.findall(content))) == 1:
            version = versions.pop().decode()
            yield named, version, "binary-analysis", version
    for library, patterns in WORDS.items():
        for pattern in patterns:
            if (match := re.search(pattern, content)) is not None:
                version = match[1].decode() if match.re.groups else None
                yield library, version, "binary-analysis", match[0].decode("ascii", "replace").strip("\0 ")


def _named_by_file(path: str) -> str | None:
    """The library that a file is by its name; None for the packages' own modules."""
    folder, file = Path(path).parent.name, Path(path).name
    for start, name in NAMES.items():
        if file.startswith(start):
            return name
    match = _LIBRARY.match(file)
    return match["stem"].lower() if match is not None and folder.endswith(".libs") else None


def _declared(environment: Environment) -> Iterator[tuple[str, dict[str, Any]]]:
    """(distribution, component) of the parts lists that wheels bring along, but for their own modules."""
    for one in distributions(path=[str(environment.site)]):
        for file in one.files or ():
            if file.parent.name == "sboms" and file.name.endswith(".cdx.json"):
                for component in json.loads(file.read_text(encoding="utf-8")).get("components", []):
                    if not str(component.get("purl", "")).startswith("pkg:pypi/"):
                        yield canonical(one.name), component
