"""Build frozen dataclasses from parsed TOML or JSON: every unknown, missing or mistyped entry is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError, transform_error
from cattrs.gen import make_dict_structure_fn

T = TypeVar("T")

# An integer is a number too; nothing else is converted, for a "3" in quotes is a mistake of whoever wrote it.
_ACCEPTED: dict[type, tuple[type, ...]] = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}


def build(kind: type[T], entries: object) -> T:
    """Build a dataclass, and the dataclasses inside it, from a table of entries.

    Parameters
    ----------
    kind
        The dataclass; the names and types of its fields are those of the entries.
    entries
        What a TOML or JSON parser returned.

    Raises
    ------
    ValueError
        Naming every entry that is unknown, missing, of another type, or out of range.
    """
    try:
        return _CONVERTER.structure(entries, kind)
    except BaseValidationError as error:
        found = [fault.rpartition(" @ ") for fault in transform_error(error, path="", format_exception=_fault)]
        raise ValueError("; ".join(f"{place[1:]}: {text}" if place else text for text, _, place in found)) from error


def _fault(error: BaseException, kind: type | None) -> str:
    """What is wrong with an entry."""
    if isinstance(error, KeyError):
        return "missing"
    if isinstance(error, ForbiddenExtraKeysError):
        known = ", ".join(sorted(field.name for field in fields(error.cl)))  # the classes are dataclasses
        return f"unknown key {', '.join(sorted(error.extra_fields))}; known are {known}"
    return str(error)


def _of_type(kind: type) -> Callable[[Any, Any], Any]:
    """A converter that takes values of one type only."""

    def convert(value: Any, _: Any) -> Any:
        if type(value) not in _ACCEPTED[kind]:
            raise ValueError(f"type {kind.__name__} was expected, got {value!r}")
        return kind(value)

    return convert


def _table_of(kind: type, converter: Converter) -> Callable[[Any, Any], Any]:
    """A converter from a table to a dataclass."""
    fill: Callable[[Any, Any], Any] = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)

    def convert(entries: Any, _: Any) -> Any:
        if not isinstance(entries, Mapping):
            raise ValueError(f"a table was expected, got {entries!r}")
        return fill(dict(entries), kind)

    return convert


_CONVERTER = Converter()
_CONVERTER.register_structure_hook_factory(is_dataclass)(_table_of)
for _kind in _ACCEPTED:
    _CONVERTER.register_structure_hook(_kind, _of_type(_kind))
_CONVERTER.register_structure_hook(StrEnum, lambda value, kind: kind(value))  # before str, which it is too
