"""The page that people touch: plain HTML, CSS and JavaScript, with the words of the reports."""

from .assets import Asset, content_security_policy, read_asset
from .words import eye_words, page_texts

__all__ = ["Asset", "content_security_policy", "eye_words", "page_texts", "read_asset"]
