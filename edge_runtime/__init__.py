"""See cataract, pixel by pixel, on anterior-segment OCT. Research use only; not a medical device.

Importing this package starts nothing: cv2 and onnxruntime are imported when the first scan is analysed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .analyzer import CataractAnalyzer as CataractAnalyzer
    from .analyzer import Limits as Limits
    from .analyzer import PixelPitch as PixelPitch
    from .decision import Decision as Decision
    from .errors import EdgeCataractError as EdgeCataractError
    from .lens import TissueLabel as TissueLabel
    from .profile import DeviceProfile as DeviceProfile
    from .report import document as document
    from .results import EyeResult as EyeResult
    from .results import ScanResult as ScanResult
    from .scan import Laterality as Laterality

_HOME = {
    "CataractAnalyzer": "analyzer",
    "Decision": "decision",
    "DeviceProfile": "profile",
    "EdgeCataractError": "errors",
    "EyeResult": "results",
    "Laterality": "scan",
    "Limits": "analyzer",
    "PixelPitch": "analyzer",
    "ScanResult": "results",
    "TissueLabel": "lens",
    "document": "report",
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


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
