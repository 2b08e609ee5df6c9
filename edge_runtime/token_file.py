"""Tokens that programs know each other by: each in a file that not everybody may read."""

from __future__ import annotations

import os
import stat

from .errors import ScanMissingError, UsageError

LEAST_TOKEN, MOST_TOKEN = 32, 512  # letters


def read_token(path: str) -> str:
    """The token in a file: one line.

    Raises
    ------
    ScanMissingError
        When it is not there, is a folder, or may not be read.
    UsageError
        ``bad-token-file`` when everybody may read it, or when it holds no token.
    """
    try:
        with open(path, encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(MOST_TOKEN + 2).strip()
    except FileNotFoundError as error:
        raise ScanMissingError("missing-file", "There is no such token file.", "Check the path.") from error
    except OSError as error:
        if os.path.isdir(path):
            raise ScanMissingError("not-a-file", "The token file is a folder.", "Name the file itself.") from error
        raise ScanMissingError(
            "unreadable-file", "The token file may not be read.", "Check its permissions."
        ) from error
    except ValueError:
        mode, token = 0, ""
    if not LEAST_TOKEN <= len(token) <= MOST_TOKEN or not token.isprintable() or " " in token:
        raise UsageError(
            "bad-token-file",
            f"The token file does not hold one line of {LEAST_TOKEN} to {MOST_TOKEN} letters without spaces.",
            "Make one: openssl rand -hex 32 > FILE; chmod 600 FILE.",
        )
    if mode & stat.S_IROTH:
        raise UsageError("bad-token-file", "Everybody may read the token file.", "chmod 600 FILE.")
    return token
