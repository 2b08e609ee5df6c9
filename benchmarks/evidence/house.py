"""Measure the source: files and functions that are too long, and modules that import each other in a circle.

Run as ``python -m benchmarks.evidence.house``: it prints every violation, and exits with 1 when there is one.
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .project import FunctionNode, Imported, Module, Project, source_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

MAX_FILE_LINES = 299
MAX_FUNCTION_LINES = 60
GENERATED: frozenset[str] = frozenset()  # paths from the root of files that a program writes; there are none today


def long_files(root: Path, generated: Collection[str] = GENERATED) -> list[str]:
    """Python files with too many lines, each as a sentence; tests are not counted."""
    found = []
    for path in source_files(root):
        name = path.relative_to(root).as_posix()
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES and name not in generated:
            found.append(f"{name} has {lines} lines; at most {MAX_FILE_LINES} are allowed.")
    return found


def long_functions(root: Path, generated: Collection[str] = GENERATED) -> list[str]:
    """Functions with too many lines from ``def`` to their last, each as a sentence; tests are not counted."""
    found = []
    for path in source_files(root):
        name = path.relative_to(root).as_posix()
        if name in generated:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, FunctionNode):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    found.append(
                        f"{name}:{node.lineno} {node.name} has {lines} lines; at most {MAX_FUNCTION_LINES} are allowed."
                    )
    return found


def import_circles(root: Path) -> list[str]:
    """Groups of modules that import each other at run time, each as a sentence.

    Imports inside functions count; those under ``if TYPE_CHECKING`` do not.
    """
    project = Project.read(root)
    arrows = {name: runtime_imports(project, module) for name, module in project.modules.items()}
    return [f"These modules import each other: {', '.join(sorted(circle))}." for circle in _circles(arrows)]


def runtime_imports(project: Project, module: Module) -> set[str]:
    """Names of the project's modules that a module imports when it runs."""
    targets = set()
    for node in _run_nodes(module.tree):
        if isinstance(node, ast.ImportFrom):
            origin = module.origin(node)
            targets |= {_imported_module(project, Imported(origin, alias.name)) for alias in node.names}
        elif isinstance(node, ast.Import):
            targets |= {alias.name for alias in node.names}
    return (targets & project.modules.keys()) - {module.name}


def _imported_module(project: Project, target: Imported) -> str:
    """The submodule that ``from package import name`` means, or else the module that holds the name."""
    submodule = f"{target.module}.{target.symbol}"
    return submodule if submodule in project.modules else target.module


def _run_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that may run, so none under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), orelse=otherwise):
                for statement in otherwise:
                    yield statement
                    yield from _run_nodes(statement)
            case _:
                yield child
                yield from _run_nodes(child)


def _circles(arrows: Mapping[str, Collection[str]]) -> list[set[str]]:
    """Groups of nodes of which each reaches every other."""
    reached = {node: _reachable(node, arrows) for node in arrows}
    circles: list[set[str]] = []
    for node in arrows:
        if node in reached[node] and not any(node in circle for circle in circles):
            circles.append({other for other in reached[node] if node in reached[other]})
    return circles


def _reachable(start: str, arrows: Mapping[str, Collection[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(arrows[start])
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting.extend(arrows[node])
    return reached


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every violation; the exit code is 1 when there is one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence.house", description="See the module.")
    parser.add_argument("--root", type=Path, default=Path(), help="the project (default: the current folder)")
    root = parser.parse_args(arguments).root
    found = long_files(root) + long_functions(root) + import_circles(root)
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
