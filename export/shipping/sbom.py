"""The parts list (SBOM) of the package: CycloneDX 1.6, reproducible, native libraries included.

cyclonedx-bom lists the Python packages from their metadata. The libraries that wheels carry inside are added from
`native`, each with the evidence for its name and version, below the package that brings it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from .freeze import Environment, canonical
from .native import PYTHON, NativeLibrary, native_libraries
from .program import Program
from .steps import ROOT, ShippingError, run

_PLACE = "usr/lib/edge-cataract"
_CONFIDENCE = {"manifest-analysis": 1.0, "binary-analysis": 0.9, "filename": 0.5}
_ROOT_COMPONENT = "root-component"  # as cyclonedx-bom names it


def parts_list(program: Program, program_version: str) -> str:
    """The parts list of a program as JSON, the same bytes for the same folder.

    Raises
    ------
    ShippingError
        ``bad-parts-list`` when it is no valid CycloneDX.
    """
    words = ["--output-reproducible", "--spec-version", "1.6", "--output-format", "JSON", "--mc-type", "application"]
    tool = Path(sys.executable).parent / "cyclonedx-py"
    made = run(tool, "environment", *words, "--pyproject", ROOT / "pyproject.toml", program.environment.python)
    parts: dict[str, Any] = json.loads(made)
    parts["metadata"]["component"]["version"] = program_version
    _keep_what_ships(parts, program.environment)
    if program.python is not None:
        _add_python(parts, program.python)
    references = {canonical(one["name"]): one["bom-ref"] for one in parts["components"]}
    owned: dict[str, list[str]] = {}
    for library in native_libraries(program):
        if library.owner in references:  # otherwise of a tool, whose libraries stay where it froze the program
            component = _component(library)
            parts["components"].append(component)
            owned.setdefault(references[library.owner], []).append(component["bom-ref"])
    for entry in parts["dependencies"]:
        entry["dependsOn"] = sorted({*entry.get("dependsOn", []), *owned.get(entry["ref"], [])})
    parts["dependencies"] += [{"ref": one} for libraries in owned.values() for one in libraries]
    text = json.dumps(parts, indent=1, sort_keys=True) + "\n"
    check_parts_list(text)
    return text


def check_parts_list(text: str) -> None:
    """Hold a parts list against the schema of CycloneDX 1.6.

    Raises
    ------
    ShippingError
        ``bad-parts-list``.
    """
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ShippingError("bad-parts-list", f"The parts list is no CycloneDX 1.6: {fault!r}.", "Report this fault.")


def _keep_what_ships(parts: dict[str, Any], environment: Environment) -> None:
    """Leave out the tools that froze the program."""
    locked = environment.locked()
    parts["components"] = [one for one in parts["components"] if canonical(one["name"]) in locked]
    kept = {_ROOT_COMPONENT, *(one["bom-ref"] for one in parts["components"])}
    parts["dependencies"] = [
        {"ref": one["ref"], "dependsOn": [name for name in one.get("dependsOn", []) if name in kept]}
        for one in parts["dependencies"]
        if one["ref"] in kept
    ]


def _add_python(parts: dict[str, Any], version: str) -> None:
    """The interpreter, and the loader that PyInstaller puts in front of it."""
    for name, number, url in (
        (PYTHON, version, f"pkg:generic/python@{version}"),
        ("pyinstaller-bootloader", _locked_version("pyinstaller"), None),
    ):
        reference = f"{name}=={number}"
        one = {"type": "library", "name": name, "version": number, "bom-ref": reference}
        parts["components"].append(one | ({"purl": url} if url else {}))
        parts["dependencies"].append({"ref": reference})
        for entry in parts["dependencies"]:
            if entry["ref"] == _ROOT_COMPONENT:
                entry["dependsOn"] = [*entry.get("dependsOn", []), reference]


def _locked_version(name: str) -> str:
    lines = (Path(__file__).parent / "locks" / "tools.txt").read_text(encoding="utf-8").splitlines()
    return next(line.split("==")[1].rstrip(" \\") for line in lines if line.startswith(f"{name}=="))


def _component(library: NativeLibrary) -> dict[str, Any]:
    """A native library as CycloneDX writes it, with its evidence."""
    reference = f"{library.owner}#{library.name}"
    component: dict[str, Any] = {"type": "library", "name": library.name, "bom-ref": reference}
    if library.version:
        component["version"] = library.version
        component["purl"] = library.package_url or f"pkg:generic/{library.name}@{library.version}"
    methods = [
        {"technique": kind, "value": words, "confidence": _CONFIDENCE[kind]} for kind, words in sorted(library.evidence)
    ]
    field, sure = ("version", 1.0) if library.version else ("name", 0.5)
    component["evidence"] = {"identity": [{"field": field, "confidence": sure, "methods": methods}]}
    if library.files:
        component["evidence"]["occurrences"] = [{"location": f"{_PLACE}/{path}"} for path in sorted(library.files)]
    component["properties"] = [
        {"name": f"edge-cataract:sha256:{_PLACE}/{path}", "value": digest}
        for path, digest in sorted(library.files.items())
    ] + [{"name": "edge-cataract:brought-by", "value": library.owner}]
    return component
