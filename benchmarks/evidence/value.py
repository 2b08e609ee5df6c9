"""What a static trace knows about a value: whether it carries the data, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Mapping

    from .project import Class, FunctionNode, Module


@dataclass(frozen=True, eq=False)
class Callee:
    """A function that a value may be.

    Attributes
    ----------
    module
        Where it is written.
    node
        Its definition.
    qualified
        Its name within the module, for a person.
    receiver
        The object whose method it is; None for a plain function.
    closure
        Names of the enclosing function; None at the top level.
    of_a_value
        Whether it belongs to a value: it builds an object, or is a method of a dataclass.
    """

    module: Module
    node: FunctionNode | ast.Lambda
    qualified: str
    receiver: Value | None = None
    closure: Mapping[str, Value] | None = None
    of_a_value: bool = False


@dataclass(frozen=True, eq=False)
class Value:
    """What is known about a value.

    Attributes
    ----------
    carries
        Whether it is the data, holds it, or was made from it.
    cls
        The project's class of which it is an instance.
    fields
        Attributes that were given when it was constructed.
    items
        Members of a tuple of known length.
    element
        Any member of another container; the values of a mapping.
    callees
        Functions that a call of it may reach.
    constructs
        The class that it is itself.
    module
        The module that it is itself.
    """

    carries: bool = False
    cls: Class | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)
    items: tuple[Value, ...] | None = None
    element: Value | None = None
    callees: tuple[Callee, ...] = ()
    constructs: Class | None = None
    module: Module | None = None

    def member(self) -> Value:
        """Any member of it, when it is iterated over or subscripted."""
        if self.items:
            return join(self.items)
        return self.element or Value(self.carries, callees=self.callees)

    def unpacked(self, count: int) -> tuple[Value, ...]:
        """Its members when it is assigned to `count` names."""
        if self.items is not None and len(self.items) == count:
            return self.items
        return (self.member(),) * count

    def holding(self, other: Value) -> Value:
        """The same container after another value was put into it."""
        if not other.carries:
            return self
        return replace(self, carries=True, items=None, element=join((self.member(), other)))

    def shaped(self, like: Value) -> Value:
        """The same value, with the classes that an annotation promises where they are not known."""
        if self.constructs or self.module or self.callees:
            return self
        carried = like if like.carries == self.carries else like.marked(self.carries)
        if self.items is not None and like.items is not None and len(self.items) == len(like.items):
            return replace(self, items=tuple(map(Value.shaped, self.items, like.items)))
        if self.cls or self.items is not None:
            return self
        element = self.element.shaped(like.element or NOTHING) if self.element else carried.element
        return replace(self, cls=like.cls, items=carried.items if element is None else None, element=element)

    def marked(self, carries: bool) -> Value:
        """The same value with every part of it carrying the data, or none."""
        return replace(
            self,
            carries=carries,
            fields={name: part.marked(carries) for name, part in self.fields.items()},
            items=None if self.items is None else tuple(item.marked(carries) for item in self.items),
            element=self.element and self.element.marked(carries),
        )


NOTHING = Value()


def join(values: Iterable[Value]) -> Value:
    """What is known of a value that may be any of these."""
    return reduce(_joined, values, NOTHING)


def _joined(one: Value, other: Value) -> Value:
    if one is NOTHING or one is other:
        return other
    if other is NOTHING:
        return one
    items = None
    if one.items is not None and other.items is not None and len(one.items) == len(other.items):
        items = tuple(map(_joined, one.items, other.items))
    elements = [value for value in (one.element, other.element) if value is not None]
    if items is None and not elements:
        elements = [join(value.items) for value in (one, other) if value.items]
    fields = {
        name: _joined(one.fields.get(name, NOTHING), other.fields.get(name, NOTHING))
        for name in [*one.fields, *(name for name in other.fields if name not in one.fields)]
    }
    known = {id(callee.node) for callee in one.callees}
    return Value(
        carries=one.carries or other.carries,
        cls=one.cls or other.cls,
        fields=fields if one.cls is other.cls or not (one.cls and other.cls) else {},
        items=items,
        element=join(elements) if elements else None,
        callees=one.callees + tuple(callee for callee in other.callees if id(callee.node) not in known),
        constructs=one.constructs or other.constructs,
        module=one.module or other.module,
    )
