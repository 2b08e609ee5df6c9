"""Follow the data through the project's functions, and record each function that it is handed to."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .expressions import Arguments, method_of
from .names import Names, is_property
from .value import NOTHING, Callee, Value, join
from .walk import Walk

if TYPE_CHECKING:
    from .project import Class, FunctionNode, Module, Project

_PLAIN = {"bool", "bytes", "complex", "float", "int", "str"}


@dataclass(frozen=True, slots=True)
class Handing:
    """The data is handed to a function.

    Attributes
    ----------
    file
        Where the function is written.
    function
        Its name, with its class.
    parameter
        The first parameter that carries the data.
    """

    file: str
    function: str
    parameter: str


class Trace:
    """One trace through a project."""

    def __init__(self, project: Project) -> None:
        self.lookup = Names(project)
        self.handings: list[Handing] = []
        self._opened: dict[int, set[str]] = {}
        self._returned: dict[int, Value] = {}
        self._given: dict[int, dict[str, Value]] = {}
        self._prepared: set[int] = set()

    def start(self, module: Module, function: str, parameter: str) -> None:
        """Hand the data to a function, or to a method named ``Class.method``.

        Raises
        ------
        LookupError
            When there is no such function, or it has no such parameter.
        """
        *above, name = function.split(".")
        if above:
            cls = module.classes.get(above[0])
            found = self.lookup.method(cls, name) if cls else None
            start = method_of(cls, found, Value(cls=cls)) if cls and found else NOTHING
        else:
            start = self.lookup.in_module(module, name)
        if not start.callees:
            raise LookupError(f"{module.file} has no function {function}.")
        callee = start.callees[0]
        known = [argument.arg for argument in _parameters(callee.node.args)]
        if parameter not in known:
            raise LookupError(f"{function} has no parameter {parameter}; it has {', '.join(known) or 'none'}.")
        annotations = {argument.arg: argument.annotation for argument in _parameters(callee.node.args)}
        value = self.lookup.annotated(annotations[parameter], callee.module, carries=True)
        self.call(callee, Arguments((), {parameter: value}, NOTHING))

    def call(self, callee: Callee, arguments: Arguments) -> Value:
        """Call a function of the project; it is opened where it gets the data by a way not seen before."""
        node = callee.node
        names = self._bound(callee, arguments)
        carrying = [name for name, value in names.items() if value.carries] + self.captured(callee)
        promised = self._promised(callee)
        if not carrying:
            return promised
        if not callee.of_a_value:
            self.handings.append(Handing(callee.module.file, callee.qualified, carrying[0]))
        opened = self._opened.setdefault(id(node), set())
        if not opened.issuperset(carrying):
            opened.update(carrying)
            self._returned.setdefault(id(node), NOTHING)
            walk = Walk(self, callee.module, {**(callee.closure or {}), **names})
            result = walk.run(node)
            self._returned[id(node)] = join((self._returned[id(node)], result))
        if _is_plain(node):
            return NOTHING
        returned = self._returned[id(node)].shaped(promised)
        return returned if returned.carries or not _holds_class(promised) else promised.marked(True)

    def _promised(self, callee: Callee) -> Value:
        """What the annotation says of a function's result."""
        if isinstance(callee.node, ast.Lambda):
            return NOTHING
        promised = self.lookup.annotated(callee.node.returns, callee.module)
        if (
            isinstance(callee.node.returns, ast.Name)
            and not promised.cls
            and callee.receiver
            and callee.receiver.element
        ):
            return callee.receiver.element  # a type variable of a generic class
        return promised

    def _bound(self, callee: Callee, arguments: Arguments) -> dict[str, Value]:
        """Values of a function's parameters."""
        node = callee.node.args
        positional = [argument.arg for argument in (*node.posonlyargs, *node.args)]
        given = ((callee.receiver,) if callee.receiver else ()) + arguments.positional
        values = dict(zip(positional, given, strict=False)) | {
            name: value for name, value in arguments.keywords.items() if name in {p.arg for p in _parameters(node)}
        }
        if node.vararg:
            more = given[len(positional) :]
            held = join((*more, arguments.rest))
            values[node.vararg.arg] = Value(held.carries, element=held)
        if node.kwarg:
            others = join(value for name, value in arguments.keywords.items() if name not in values)
            values[node.kwarg.arg] = Value(others.carries, element=others)
        for argument in _parameters(node):
            default = arguments.rest if arguments.rest.carries and argument.arg not in ("self", "cls") else NOTHING
            typed = self.lookup.annotated(argument.annotation, callee.module)
            values[argument.arg] = values.get(argument.arg, default).shaped(typed)
        return values

    def captured(self, callee: Callee) -> list[str]:
        """Names of the enclosing function that carry the data and are used inside a nested one."""
        if not callee.closure:
            return []
        own = {argument.arg for argument in _parameters(callee.node.args)}
        used = {node.id for node in ast.walk(callee.node) if isinstance(node, ast.Name)} - own
        return [name for name, value in callee.closure.items() if name in used and value.carries]

    def construct(self, cls: Class, arguments: Arguments) -> Value:
        """Build an object: its own `__init__` is a call, what a dataclass generates is none."""
        found = self.lookup.method(cls, "__init__")
        if found:
            built = Value(cls=cls)
            bound = method_of(cls, found, built).callees[0]
            self.call(bound, arguments)
            return Value(any(value.carries for value in arguments.every), cls=cls)
        fields = dict(zip(self.lookup.field_names(cls), arguments.positional, strict=False)) | arguments.keywords
        return Value(any(value.carries for value in arguments.every), cls=cls, fields=fields)

    def give(self, cls: Class, name: str, value: Value) -> None:
        """Remember what an attribute of a class's objects was given."""
        given = self._given.setdefault(id(cls.node), {})
        given[name] = join((given.get(name, NOTHING), value))

    def above(self, names: dict[str, Value]) -> Value:
        """What ``super()`` is: the same object, as one of the next class."""
        receiver = next(iter(names.values()), NOTHING)
        lineage = [*self.lookup.lineage(receiver.cls)] if receiver.cls else []
        return Value(receiver.carries, cls=lineage[1]) if len(lineage) > 1 else NOTHING

    def attribute(self, value: Value, name: str) -> Value:
        """Read an attribute; a property is no call."""
        if value.module:
            return self.lookup.in_module(value.module, name)
        if name in value.fields:
            typed = self.lookup.attribute_type(value.cls, name, carries=False) if value.cls else None
            return value.fields[name].shaped(typed or NOTHING)
        cls = value.cls or value.constructs
        if cls is None:
            return Value(value.carries)
        found = self.lookup.method(cls, name)
        if found and is_property(found[1]):
            return self.lookup.annotated(found[1].returns, found[0].module, carries=value.carries)
        if found:
            return method_of(cls, found, value)
        if value.constructs:
            return Value(cls=cls)
        return self._stored(cls, value, name)

    def _stored(self, cls: Class, value: Value, name: str) -> Value:
        self._prepare(cls)
        given = {
            key: part for one in self.lookup.lineage(cls) for key, part in self._given.get(id(one.node), {}).items()
        }
        seen = any(part.carries for part in given.values())
        stored = given.get(name, NOTHING)
        carries = stored.carries if seen else value.carries
        typed = self.lookup.attribute_type(cls, name, carries=carries)
        if stored is NOTHING:
            return typed or Value(carries)
        return stored.shaped(typed or NOTHING) if seen else stored.shaped(typed or NOTHING).marked(carries)

    def _prepare(self, cls: Class) -> None:
        """Learn the attributes of a class from its `__init__`, without any data in it."""
        if id(cls.node) in self._prepared:
            return
        self._prepared.add(id(cls.node))
        found = self.lookup.method(cls, "__init__")
        if found:
            callee = method_of(cls, found, Value(cls=cls)).callees[0]
            Walk(self, callee.module, self._bound(callee, Arguments((), {}, NOTHING))).run(callee.node)


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Named parameters, and no ``*`` or ``**``."""
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _is_plain(node: FunctionNode | ast.Lambda) -> bool:
    """Whether a function returns a plain number, truth value, text or bytes: a fact about the data, not the data."""
    if isinstance(node, ast.Lambda) or node.returns is None or isinstance(node.returns, ast.Subscript):
        return False
    return {part.id for part in ast.walk(node.returns) if isinstance(part, ast.Name)} <= _PLAIN


def _holds_class(value: Value) -> bool:
    """Whether an annotation promises an object of the project, or a container of them."""
    parts = [*(value.items or ()), *([value.element] if value.element else [])]
    return bool(value.cls) or any(_holds_class(part) for part in parts)
