"""A page as PDF, printed by a Chromium of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

from edge_runtime.errors import MissingExtraError, WriteError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MOST_SECONDS = 120
# Nothing but the page is asked for, and it asks for nothing: the rest of a browser stays away.
_QUIETLY = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pdf-header-footer",
)


def find_chromium() -> str:
    """The path of a Chromium.

    Raises
    ------
    MissingExtraError
        ``missing-chromium`` when none is on the path.
    """
    for name in BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    raise MissingExtraError(
        "missing-chromium",
        "A page is printed as PDF by Chromium or Chrome, and none was found.",
        "Install Chromium, or name a report that ends in .html and print it from any browser.",
    )


def print_pdf(page: str) -> bytes:
    """Print a page that this program wrote.

    Raises
    ------
    MissingExtraError
        ``missing-chromium``.
    WriteError
        ``print-failed`` when the browser did not print it.
    """
    from pathlib import Path

    browser = find_chromium()
    with tempfile.TemporaryDirectory(prefix="edge-cataract-", ignore_cleanup_errors=True) as folder:
        source, target = os.path.join(folder, "page.html"), os.path.join(folder, "page.pdf")
        with open(source, "w", encoding="utf-8") as file:
            file.write(page)
        command = [browser, *_QUIETLY, f"--user-data-dir={os.path.join(folder, 'profile')}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # for root it has none, and does not start without this word
        try:
            subprocess.run(
                [*command, f"--print-to-pdf={target}", Path(source).as_uri()],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=MOST_SECONDS,
            )
            with open(target, "rb") as file:
                content = file.read()
        except (OSError, subprocess.SubprocessError) as error:
            raise _failed() from error
    if not content.startswith(b"%PDF-"):
        raise _failed()
    return content


def _failed() -> WriteError:
    return WriteError(
        "print-failed",
        "The browser did not print the page.",
        "Name a report that ends in .html and print it from a browser.",
        lost="The report was not written.",
    )
