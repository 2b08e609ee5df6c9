"""What a name, an attribute or an annotation stands for in the project, as a value."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .value import NOTHING, Callee, Value, join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .project import Class, FunctionNode, Imported, Module, Project

# Annotations whose subscript names what they hold, with the place of it among several.
_MAPPINGS = {"dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"}
_HOLDERS = {
    "list", "set", "frozenset", "deque", "Sequence", "Iterable", "Iterator", "Collection", "Generator", "Set",
    "MutableSequence", "KeysView", "ValuesView",
}  # fmt: skip
_TRANSPARENT = {"Optional", "Union", "Annotated", "Final", "ClassVar", "Awaitable"}


class Names:
    """Looks names up in a project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def imported(self, target: Imported) -> Value:
        """The value that an import binds."""
        found = self.project.find(target)
        if found is None:
            return NOTHING
        module, name = found
        return Value(module=module) if name is None else self.in_module(module, name)

    def in_module(self, module: Module, name: str) -> Value:
        """The value of a name at the top level of a module."""
        if name in module.functions:
            return Value(callees=(Callee(module, module.functions[name], name),))
        if name in module.classes:
            return Value(constructs=module.classes[name])
        if name in module.variables:
            node = module.variables[name]
            if isinstance(node, ast.AnnAssign):
                return self.annotated(node.annotation, module)
            return self._constant(node.value, module)
        if name in module.imports:
            return self.imported(module.imports[name])
        submodule = self.project.modules.get(f"{module.name}.{name}")
        return Value(module=submodule) if submodule else NOTHING

    def _constant(self, node: ast.expr, module: Module) -> Value:
        """A constant of a module: an instance of a class, or a table of functions."""
        match node:
            case ast.Call(func=ast.Name(id=name)):
                built = self.in_module(module, name).constructs
                return Value(cls=built) if built else NOTHING
            case ast.Name(id=name):
                return self.in_module(module, name)
            case ast.Dict(values=members) | ast.Tuple(elts=members) | ast.List(elts=members):
                return Value(element=join(self._constant(member, module) for member in members))
        return NOTHING

    def annotated(self, node: ast.expr | None, module: Module, *, carries: bool = False) -> Value:
        """A value of an annotated type."""
        match node:
            case ast.Constant(value=str(text)):
                return self.annotated(ast.parse(text, mode="eval").body, module, carries=carries)
            case ast.Name() | ast.Attribute():
                return Value(carries, cls=self.named(node, module).constructs)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return join(
                    (self.annotated(left, module, carries=carries), self.annotated(right, module, carries=carries))
                )
            case ast.Subscript(value=value, slice=inner):
                arguments = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return self._subscripted(value, arguments, module, carries=carries)
        return Value(carries)

    def _subscripted(self, value: ast.expr, arguments: list[ast.expr], module: Module, *, carries: bool) -> Value:
        name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
        members = [self.annotated(argument, module, carries=carries) for argument in arguments]
        if name in _TRANSPARENT:
            return join(members)
        if name in ("tuple", "Tuple"):
            if len(arguments) == 2 and isinstance(arguments[1], ast.Constant) and arguments[1].value is Ellipsis:
                return Value(carries, element=members[0])
            return Value(carries, items=tuple(members))
        if name in ("type", "Type"):
            return Value(carries, constructs=members[0].cls)
        if name in _MAPPINGS and len(members) == 2:
            return Value(carries, element=members[1])
        if name in _HOLDERS:
            return Value(carries, element=members[0])
        # An instance of a generic class of the project: what its methods return by type variable.
        return Value(carries, cls=self.named(value, module).constructs, element=members[0])

    def named(self, node: ast.expr, module: Module) -> Value:
        """The value of a dotted name at the top level of a module."""
        if isinstance(node, ast.Name):
            return self.in_module(module, node.id)
        if isinstance(node, ast.Attribute):
            inner = self.named(node.value, module)
            if inner.module:
                return self.in_module(inner.module, node.attr)
        return NOTHING

    def lineage(self, cls: Class) -> Iterator[Class]:
        """A class, then its bases in the project."""
        yield cls
        for base in cls.node.bases:
            above = self.named(base.value if isinstance(base, ast.Subscript) else base, cls.module).constructs
            if above and above is not cls:
                yield from self.lineage(above)

    def method(self, cls: Class, name: str) -> tuple[Class, FunctionNode] | None:
        """A method of a class or of its bases, and the class that defines it."""
        return next(((one, one.methods[name]) for one in self.lineage(cls) if name in one.methods), None)

    def field_names(self, cls: Class) -> list[str]:
        """Annotated attributes, in the order in which a dataclass takes them."""
        return list(dict.fromkeys(name for one in [*self.lineage(cls)][::-1] for name in one.annotations))

    def attribute_type(self, cls: Class, name: str, *, carries: bool) -> Value | None:
        """An attribute by the annotation in the class body; None where there is none."""
        for one in self.lineage(cls):
            if name in one.annotations:
                return self.annotated(one.annotations[name], one.module, carries=carries)
        return None


def decorators(node: FunctionNode | ast.ClassDef) -> set[str]:
    """Last words of the decorators of a function or a class, such as ``property``."""
    words = set()
    for decorator in node.decorator_list:
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        words.add(named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", ""))
    return words


def is_property(node: FunctionNode) -> bool:
    """Whether a method is read like an attribute."""
    return bool(decorators(node) & {"property", "cached_property"})


def is_dataclass(cls: Class) -> bool:
    """Whether a class is a value: a dataclass or a named tuple."""
    bases = {base.id for base in cls.node.bases if isinstance(base, ast.Name)}
    return "dataclass" in decorators(cls.node) or "NamedTuple" in bases
