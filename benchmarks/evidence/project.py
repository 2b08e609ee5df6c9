"""The project's source as a table of modules, and what a name in one of them stands for."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
NOT_SOURCE = {"tests", "build", "dist", "node_modules", "__pycache__"}


def source_files(root: Path) -> Iterator[Path]:
    """Every Python file below a folder, sorted, except tests, builds, and whatever lies in a hidden folder."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in NOT_SOURCE or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from source_files(path)
        elif path.suffix == ".py":
            yield path


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module or class body, those under ``if``, ``try`` and ``with`` included."""
    for statement in body:
        yield statement
        for nested in ("body", "orelse", "finalbody"):
            if isinstance(statement, ast.If | ast.Try | ast.With):
                yield from statements(getattr(statement, nested, []))


@dataclass(frozen=True, slots=True)
class Imported:
    """Where an imported name comes from: a module, or one of its symbols."""

    module: str
    symbol: str | None


@dataclass(eq=False)
class Module:
    """One Python file.

    Attributes
    ----------
    name
        Dotted name by which the project imports it.
    file
        Path from the root, with ``/``.
    tree
        Its syntax tree.
    """

    name: str
    file: str
    tree: ast.Module

    @cached_property
    def functions(self) -> dict[str, FunctionNode]:
        """Functions at the top level, by name."""
        return {node.name: node for node in statements(self.tree.body) if isinstance(node, FunctionNode)}

    @cached_property
    def classes(self) -> dict[str, Class]:
        """Classes at the top level, by name."""
        return {node.name: Class(self, node) for node in statements(self.tree.body) if isinstance(node, ast.ClassDef)}

    @cached_property
    def variables(self) -> dict[str, ast.Assign | ast.AnnAssign]:
        """Assignments at the top level to a single name, by that name."""
        found: dict[str, ast.Assign | ast.AnnAssign] = {}
        for node in statements(self.tree.body):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                found.setdefault(node.targets[0].id, node)
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.setdefault(node.target.id, node)
        return found

    @cached_property
    def imports(self) -> dict[str, Imported]:
        """Names that imports at the top level bind, those for type checking included."""
        return {
            name: target
            for node in statements(self.tree.body)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name, target in self.bound_by(node).items()
        }

    def bound_by(self, node: ast.Import | ast.ImportFrom) -> dict[str, Imported]:
        """Names that one import statement binds in this module."""
        if isinstance(node, ast.ImportFrom):
            origin = self.origin(node)
            return {alias.asname or alias.name: Imported(origin, alias.name) for alias in node.names}
        return {
            alias.asname or alias.name.split(".")[0]: Imported(
                alias.name if alias.asname else alias.name.split(".")[0], None
            )
            for alias in node.names
        }

    def origin(self, node: ast.ImportFrom) -> str:
        """Dotted name of the module that ``from ... import`` names; relative ones are resolved."""
        if not node.level:
            return node.module or ""
        package = self.name.split(".")
        up = node.level - self.file.endswith("__init__.py")
        base = package[: len(package) - up]
        return ".".join([*base, *([node.module] if node.module else [])])


@dataclass(eq=False)
class Class:
    """A class of the project."""

    module: Module
    node: ast.ClassDef

    @cached_property
    def methods(self) -> dict[str, FunctionNode]:
        """Its own methods, by name."""
        return {node.name: node for node in self.node.body if isinstance(node, FunctionNode)}

    @cached_property
    def annotations(self) -> dict[str, ast.expr]:
        """Annotated attributes of the class body, in order."""
        return {
            node.target.id: node.annotation
            for node in self.node.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        }


@dataclass(frozen=True, slots=True)
class Project:
    """Every module below a root folder."""

    modules: dict[str, Module]

    @classmethod
    def read(cls, root: Path) -> Project:
        """Parse all source files below a folder."""
        modules = {}
        for path in source_files(root):
            relative = path.relative_to(root)
            parts = relative.with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            modules[name] = Module(name, relative.as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        return cls(modules)

    def module_of(self, file: str) -> Module:
        """The module of a path from the root.

        Raises
        ------
        LookupError
            When there is none.
        """
        for module in self.modules.values():
            if module.file == file:
                return module
        raise LookupError(f"{file} is no source file of the project.")

    def find(self, target: Imported) -> tuple[Module, str | None] | None:
        """The module, and the name in it, that an import means, through re-exports; None outside the project."""
        seen = set()
        while target not in seen:
            seen.add(target)
            module = self.modules.get(target.module)
            if target.symbol is None:
                return (module, None) if module else None
            if module and (
                target.symbol in module.functions
                or target.symbol in module.classes
                or target.symbol in module.variables
            ):
                return module, target.symbol
            submodule = self.modules.get(f"{target.module}.{target.symbol}")
            if module and target.symbol in module.imports:
                target = module.imports[target.symbol]
            elif submodule:
                return submodule, None
            else:
                return None
        return None
