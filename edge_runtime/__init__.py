"""See cataract, pixel by pixel, on anterior-segment OCT. Research use only; not a medical device.

Importing this package starts nothing: cv2 and onnxruntime are imported when the first scan is analysed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from edge_runtime.frame.profiles import DeviceProfile, PixelPitch
    from edge_runtime.measure.decision import Decision
    from edge_runtime.measure.lens import TissueLabel
    from edge_runtime.report.document import document

    from .analyzer import CataractAnalyzer, Limits
    from .errors import EdgeCataractError
    from .results import EyeResult, ScanResult
    from .scan import Laterality

_HOME = {
    "CataractAnalyzer": "analyzer",
    "Decision": "measure.decision",
    "DeviceProfile": "frame.profiles",
    "EdgeCataractError": "errors",
    "EyeResult": "results",
    "Laterality": "scan",
    "Limits": "analyzer",
    "PixelPitch": "frame.profiles",
    "ScanResult": "results",
    "TissueLabel": "measure.lens",
    "document": "report.document",
}
__all__ = [
    "CataractAnalyzer",
    "Decision",
    "DeviceProfile",
    "EdgeCataractError",
    "EyeResult",
    "Laterality",
    "Limits",
    "PixelPitch",
    "ScanResult",
    "TissueLabel",
    "__version__",
    "document",
]


if not TYPE_CHECKING:  # a type checker would take it as a promise of any name

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
