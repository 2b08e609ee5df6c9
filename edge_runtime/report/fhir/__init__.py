"""Results as FHIR R4 (docs/fhir.md)."""

from __future__ import annotations

from .bundle import checked_subject, fhir_bundle
from .terms import code_system

__all__ = ["checked_subject", "code_system", "fhir_bundle"]
