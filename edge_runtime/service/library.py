"""starlette and uvicorn, which the extra ``serve`` brings with that of reports."""

from __future__ import annotations

from edge_runtime.errors import MissingExtraError
from edge_runtime.report.language import needs_report


def require_serve() -> None:
    """Check that the extra is installed.

    Raises
    ------
    MissingExtraError
        ``missing-extra`` when it is not.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "missing-extra",
            "The service needs starlette and uvicorn, which are not installed.",
            "Install them: pip install 'edge-cataract[serve]'.",
        ) from error
    for module in ("jinja2", "babel"):
        needs_report(module)
