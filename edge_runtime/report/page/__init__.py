"""One self-contained page per exam: an answer for each eye, what it rests on, and where it comes from."""

from .exam import exam_page

__all__ = ["exam_page"]
