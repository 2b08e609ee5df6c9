"""Write the project's FHIR code system: `python -m benchmarks.evidence.fhir_codes`.

It goes into the package as a FHIR resource (``edge_runtime/schema/fhir-code-system.json``), and onto a page for
readers (``docs/fhir-codes.md``). Codes and definitions come from the runtime.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.evidence.templates import fill
from edge_runtime.report.fhir import code_system

ROOT = Path(__file__).parents[2]
RESOURCE = ROOT / "edge_runtime" / "schema" / "fhir-code-system.json"
PAGE = ROOT / "docs" / "fhir-codes.md"


def main() -> int:
    """Write the resource and the page."""
    RESOURCE.write_text(json.dumps(code_system(), indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """Return the page as Markdown."""
    return fill("fhir-codes.md.j2", system=code_system())


if __name__ == "__main__":
    sys.exit(main())
