"""Settings of an analyzer for other machines: files that they name travel inside, and lie on a disk for a moment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Self

from edge_runtime.batch.work import AnalyzerSettings

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer

_FILES = ("model", "profile")  # settings that may name a file


@dataclass(frozen=True, slots=True)
class SentSettings(AnalyzerSettings):
    """The arguments of `CataractAnalyzer`, without paths.

    Attributes
    ----------
    contents
        Files by the names of the settings that name them.
    """

    contents: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: AnalyzerSettings) -> Self:
        """The settings with the files that they name on this machine."""
        values = {one.name: getattr(settings, one.name) for one in fields(AnalyzerSettings)}
        contents = {}
        for name in _FILES:
            if isinstance(values[name], str) and os.path.isfile(values[name]):
                with open(values[name], "rb") as file:
                    contents[name] = file.read()
                values[name] = None
        return cls(**values, contents=contents)

    @contextmanager
    def on_disk(self) -> Iterator[AnalyzerSettings]:
        """The settings with paths of this machine, for as long as the files are there."""
        with tempfile.TemporaryDirectory(prefix="edge-cataract-") as folder:
            paths = {name: os.path.join(folder, name) for name in self.contents}
            for name, path in paths.items():
                with open(path, "wb") as file:
                    file.write(self.contents[name])
            plain = AnalyzerSettings(**{one.name: getattr(self, one.name) for one in fields(AnalyzerSettings)})
            model, profile = paths.get("model", plain.model), paths.get("profile", plain.profile)
            yield replace(plain, model=model, profile=profile)

    def load(self) -> CataractAnalyzer:
        """Load and verify the model; it raises as `CataractAnalyzer` does."""
        with self.on_disk() as settings:
            return settings.load()
