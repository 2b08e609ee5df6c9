"""`python build.py ONNXRUNTIME_WEB -o SITE`: a folder that any static server can show.

ONNXRUNTIME_WEB is `node_modules/onnxruntime-web` after `npm install onnxruntime-web`; nothing of it is kept here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RUNTIME = HERE.parents[2] / "edge_runtime"
PAGE = ("index.html", "page.css", "page.mjs", "worker.mjs", "manifest.webmanifest", "icon.svg")
ENGINE = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def release(precision: str) -> dict[str, dict[str, str]]:
    """The five files of the release by the names that the samples use, with the hashes of its registers."""

    def register(folder: str, name: str) -> dict[str, dict[str, str]]:
        entries: dict[str, dict[str, str]] = json.loads((RUNTIME / folder / name).read_text(encoding="utf-8"))
        return entries

    graphs, networks = register("graphs", "register.json"), register("models", "register.json")
    look = register("models", "look.json")
    found: dict[str, Any] = {name: ("graphs", graphs[name]) for name in ("prepare", "crop", "count")}
    found |= {"look": ("models", look), "network": ("models", networks[precision])}
    return {
        name: {"path": f"{folder}/{entry['file']}", "file": entry["file"], "sha256": entry["sha256"]}
        for name, (folder, entry) in found.items()
    }


def build(engine: Path, site: Path, precision: str) -> None:
    """Write the page, the engine and the files of the release into a folder."""
    for folder in ("models", "onnxruntime", "javascript"):
        (site / folder).mkdir(parents=True, exist_ok=True)
    for name in PAGE:
        shutil.copyfile(HERE / name, site / name)
    for path in (HERE.parent / "javascript").glob("*.mjs"):
        shutil.copyfile(path, site / "javascript" / path.name)
    for name in ENGINE:
        shutil.copyfile(engine / "dist" / name, site / "onnxruntime" / name)
    entries = release(precision)
    for entry in entries.values():
        content = (RUNTIME / entry.pop("path")).read_bytes()
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise SystemExit(f"{entry['file']} is not the file of the release. Nothing was built.")
        (site / "models" / entry["file"]).write_bytes(content)
    (site / "release.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    write_service_worker(site)


def write_service_worker(site: Path) -> None:
    """Name every file, and all of them together by one digest, so that a new release is another service worker."""
    worker = site / "service_worker.js"
    worker.unlink(missing_ok=True)
    files = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    whole = hashlib.sha256(b"".join(name.encode() + (site / name).read_bytes() for name in files))
    text = (HERE / worker.name).read_text(encoding="utf-8")
    listed = json.dumps(["./", *files])
    worker.write_text(
        text.replace("@RELEASE@", whole.hexdigest()[:16]).replace('["@FILES@"]', listed), encoding="utf-8"
    )


def main() -> None:
    """Build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", type=Path, help="folder of the package onnxruntime-web")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--precision", default="int8", choices=["int8", "fp32"])
    arguments = parser.parse_args()
    build(arguments.engine, arguments.output, arguments.precision)


if __name__ == "__main__":
    main()
