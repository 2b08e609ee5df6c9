"""Evaluate expressions of one function, in the order in which Python does, as far as the data is concerned."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .names import decorators, is_dataclass
from .value import NOTHING, Callee, Value, join

if TYPE_CHECKING:
    from .project import Class, Module
    from .trace import Trace

# A fact about the data is not the data: whether it is there, of which type, or how much of it there is.
_FACTS = {"len", "isinstance", "issubclass", "hasattr", "callable", "type", "id", "bool"}
_SAME_MEMBERS = {"list", "sorted", "set", "frozenset", "reversed", "iter", "deque", "values", "copy", "keys"}
_ONE_MEMBER = {"next", "min", "max", "get", "pop", "popleft", "result"}
_PUT_IN = {"append", "appendleft", "add", "extend", "update", "insert", "put", "setdefault", "write", "writerow"}


class Arguments(NamedTuple):
    """Evaluated arguments of a call.

    Attributes
    ----------
    positional
        In order; what a ``*`` unpacks is there as its members, or as the last one.
    keywords
        By name; what a ``**`` unpacks is left out.
    rest
        What ``*`` and ``**`` of unknown length may give any parameter.
    """

    positional: tuple[Value, ...]
    keywords: dict[str, Value]
    rest: Value

    @property
    def every(self) -> tuple[Value, ...]:
        """All of them."""
        return (*self.positional, *self.keywords.values(), self.rest)


class Expressions:
    """Names of one function and their values.

    Parameters
    ----------
    trace
        Where calls are recorded.
    module
        The file in which the function is written.
    names
        Values of its parameters, and of the enclosing function's names.
    """

    def __init__(self, trace: Trace, module: Module, names: dict[str, Value]) -> None:
        self.trace, self.module, self.names = trace, module, names
        self.yielded: list[Value] = []

    def value(self, node: ast.expr | None) -> Value:
        """Evaluate one expression."""
        match node:
            case None | ast.Constant():
                return NOTHING
            case ast.Name(id=name):
                return self.names[name] if name in self.names else self.trace.lookup.in_module(self.module, name)
            case ast.Attribute(value=inner, attr=name):
                return self.trace.attribute(self.value(inner), name)
            case ast.Call():
                return self._call(node)
            case ast.Tuple(elts=members) | ast.List(elts=members) | ast.Set(elts=members):
                return self._display(node, members)
            case ast.Dict(keys=keys, values=members):
                parts = [(self.value(key), self.value(member)) for key, member in zip(keys, members, strict=True)]
                return _holder(
                    [member if key else member.member() for (_, member), key in zip(parts, keys, strict=True)]
                )
            case ast.Subscript(value=inner, slice=index):
                return self._subscript(self.value(inner), index)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.value(test)
                return join((self.value(body), self.value(orelse)))
            case ast.BoolOp(values=values):
                return join([self.value(part) for part in values])
            case ast.NamedExpr(target=target, value=inner):
                self.names[target.id] = self.value(inner)
                return self.names[target.id]
            case ast.Lambda():
                return self.nested(node, "<lambda>")
            case ast.ListComp(elt=member) | ast.SetComp(elt=member) | ast.GeneratorExp(elt=member):
                return self._comprehension(node.generators, member)
            case ast.DictComp(value=member):
                return self._comprehension(node.generators, node.key, member)
        return self._made_from(node)

    def _made_from(self, node: ast.expr) -> Value:
        """The value of an operator, a formatted string, or anything else: made from all its parts."""
        match node:
            case ast.Starred(value=inner) | ast.Await(value=inner):
                return self.value(inner)
            case ast.Yield(value=inner):
                self.yielded.append(self.value(inner))
                return NOTHING
            case ast.YieldFrom(value=inner):
                self.yielded.append(self.value(inner).member())
                return NOTHING
        parts = [self.value(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        match node:
            case ast.UnaryOp(op=ast.Not()):
                return NOTHING
            case ast.Compare(ops=operators) if all(
                isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in operators
            ):
                return NOTHING
        return Value(any(part.carries for part in parts))

    def _display(self, node: ast.expr, members: list[ast.expr]) -> Value:
        values = [self.value(member) for member in members]
        starred = any(isinstance(member, ast.Starred) for member in members)
        if isinstance(node, ast.Tuple) and not starred:
            return Value(any(value.carries for value in values), items=tuple(values))
        unpacked = zip(members, values, strict=True)
        return _holder([value.member() if isinstance(member, ast.Starred) else value for member, value in unpacked])

    def _subscript(self, container: Value, index: ast.expr) -> Value:
        place = self.value(index)
        if isinstance(index, ast.Slice):
            return replace(container, items=None, element=container.member()) if container.items else container
        match index, container.items:
            case ast.Constant(value=int(number)), tuple(items) if -len(items) <= number < len(items):
                return items[number]
        member = container.member()
        return member if member.carries or not place.carries else replace(member, carries=True)

    def _comprehension(self, generators: list[ast.comprehension], *results: ast.expr) -> Value:
        outer = dict(self.names)
        for generator in generators:
            self.bind(generator.target, self.value(generator.iter).member())
            for condition in generator.ifs:
                self.value(condition)
        members = [self.value(result) for result in results]
        self.names.clear()
        self.names.update(outer)
        return _holder(members[-1:]) if not members[0].carries else _holder(members)

    def nested(self, node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> Value:
        """A function inside this one; it carries the data where a name of this one that it uses does."""
        callee = Callee(self.module, node, name, closure=self.names)
        return Value(bool(self.trace.captured(callee)), callees=(callee,))

    def bind(self, target: ast.expr, value: Value) -> None:
        """Give a value to a name, an attribute, a member, or several of them."""
        match target:
            case ast.Name(id=name):
                self.names[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for one, part in zip(targets, value.unpacked(len(targets)), strict=True):
                    self.bind(one, part)
            case ast.Starred(value=inner):
                self.bind(inner, value)
            case ast.Attribute(value=holder, attr=name):
                owner = self.value(holder)
                if owner.cls:
                    self.trace.give(owner.cls, name, value)
                elif value.carries:
                    self.bind(holder, replace(owner, carries=True))
            case ast.Subscript(value=holder, slice=index):
                self.value(index)
                if value.carries:
                    self.bind(holder, self.value(holder).holding(value))

    def _arguments(self, node: ast.Call) -> Arguments:
        positional: list[Value] = []
        rest, keywords = NOTHING, {}
        for argument in node.args:
            value = self.value(argument)
            if not isinstance(argument, ast.Starred):
                positional.append(value)
            elif value.items is not None:
                positional += value.items
            else:
                rest = join((rest, value.member()))
        for keyword in node.keywords:
            value = self.value(keyword.value)
            if keyword.arg is None:
                rest = join((rest, value.member()))
            else:
                keywords[keyword.arg] = value
        return Arguments(tuple(positional), keywords, rest)

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Name) and node.func.id == "super" and "super" not in self.names:
            return self.trace.above(self.names)
        function = self.value(node.func)
        arguments = self._arguments(node)
        if function.constructs:
            return self.trace.construct(function.constructs, arguments)
        if function.callees:
            return join([self.trace.call(callee, arguments) for callee in function.callees])
        return self._outside(node.func, arguments)

    def _outside(self, function: ast.expr, arguments: Arguments) -> Value:
        """Call code that is not the project's: its result is made from its arguments, and it calls what it is given."""
        receiver = self.value(function.value) if isinstance(function, ast.Attribute) else NOTHING
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in _FACTS:
            return NOTHING
        plain = Arguments(
            tuple(value for value in arguments.positional if not value.callees),
            {key: value for key, value in arguments.keywords.items() if not value.callees},
            arguments.rest,
        )
        members = name in ("map", "filter", "imap", "imap_unordered", "starmap", "sorted", "min", "max", "reduce")
        given = Arguments(tuple(value.member() for value in plain.positional), {}, plain.rest) if members else plain
        called = [self.trace.call(callee, given) for value in arguments.every for callee in value.callees]
        if isinstance(function, ast.Attribute) and name in _PUT_IN and any(value.carries for value in plain.every):
            self._put(function.value, receiver, plain)
        return _outcome(name, receiver, plain, called)

    def _put(self, holder: ast.expr, receiver: Value, arguments: Arguments) -> None:
        if isinstance(holder, ast.Name | ast.Attribute) and not receiver.module:
            self.bind(holder, receiver.holding(join(arguments.every)))


def _holder(members: list[Value]) -> Value:
    """A container of these."""
    return Value(any(member.carries for member in members), element=join(members))


def _outcome(name: str, receiver: Value, arguments: Arguments, called: list[Value]) -> Value:
    """What a call outside the project returns."""
    first = arguments.positional[0] if arguments.positional else receiver
    carries = receiver.carries or any(value.carries for value in (*arguments.every, *called))
    if name == "replace" and first.cls:
        return replace(first, carries=carries, fields={**first.fields, **arguments.keywords})
    if name == "zip":
        return Value(carries, element=Value(carries, items=tuple(value.member() for value in arguments.positional)))
    if name == "enumerate":
        return Value(carries, element=Value(carries, items=(NOTHING, first.member())))
    if name == "items":
        return Value(carries, element=Value(carries, items=(Value(), receiver.member())))
    if name == "tuple" or name in _SAME_MEMBERS:
        return replace(first, callees=()) if first.items or first.element else Value(carries)
    if name in _ONE_MEMBER:
        return first.member() if name in ("next", "min", "max") else receiver.member()
    if name == "map":
        return Value(carries, element=join(called))
    return Value(carries)


def method_of(cls: Class, found: tuple[Class, ast.FunctionDef | ast.AsyncFunctionDef], receiver: Value) -> Value:
    """A method read from an object or from the class itself."""
    owner, node = found
    kinds = decorators(node)
    if "staticmethod" in kinds:
        bound = None
    elif "classmethod" in kinds:
        bound = Value(constructs=cls)
    else:
        bound = None if receiver.constructs else receiver
    of_a_value = node.name == "__init__" or "classmethod" in kinds or is_dataclass(owner)
    callee = Callee(owner.module, node, f"{owner.node.name}.{node.name}", bound, of_a_value=of_a_value)
    return Value(receiver.carries, callees=(callee,))
