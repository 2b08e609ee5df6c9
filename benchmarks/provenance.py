"""Where a number comes from: commit, model, machine, versions."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.analyzer import CataractAnalyzer
from edge_runtime.report.document import model_facts, runtime_facts


def provenance(analyzer: CataractAnalyzer) -> dict[str, Any]:
    """Return the facts that every committed number carries."""
    return {
        **place(),
        "model": model_facts(analyzer.network),
        "runtime": runtime_facts(analyzer.network),
        **({} if analyzer.look is None else {"look_sha256": analyzer.look.sha256}),
    }


def place() -> dict[str, Any]:
    """Return commit and machine, for numbers that no model takes part in."""
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    return {"commit": commit(), "machine": machine}


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of installed packages."""
    return {name: metadata.version(name) for name in packages}


def commit() -> str:
    """Return the checkout's commit, with ``+`` when files differ from it; ``unknown`` outside a checkout."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, check=True, text=True
        )
        # What a benchmark writes must not make its own commit look changed.
        status = subprocess.run(
            ["git", "status", "--porcelain", "--", ":/", ":(exclude,top)benchmarks/results", ":(exclude,top)docs"],
            cwd=here,
            capture_output=True,
            check=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if status.stdout.strip() else "")


def processor() -> str:
    """Return the name of the processor as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a result file in strict JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, allow_nan=False, default=_plain) + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")
