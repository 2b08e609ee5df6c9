"""Walk through the statements of one function once, in source order, through all branches."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from .expressions import Expressions
from .value import NOTHING, Value, join

if TYPE_CHECKING:
    from .project import FunctionNode


class Walk(Expressions):
    """One walk through one function."""

    def run(self, node: FunctionNode | ast.Lambda) -> Value:
        """Walk through it, and join what it may return."""
        self.returned: list[Value] = []
        if isinstance(node, ast.Lambda):
            return self.value(node.body)
        self._block(node.body)
        if self.yielded:
            element = join(self.yielded)
            return Value(element.carries, element=element)
        return join(self.returned)

    def _block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Return(value=value):
                self.returned.append(self.value(value))
            case ast.Expr(value=value):
                self.value(value)
            case ast.Assign(targets=targets, value=value):
                result = self.value(value)
                for target in targets:
                    self.bind(target, result)
            case ast.AnnAssign(target=target, value=value, annotation=annotation):
                typed = self.trace.lookup.annotated(annotation, self.module)
                self.bind(target, self.value(value).shaped(typed))
            case ast.AugAssign(target=target, value=value):
                added = self.value(value)
                self.bind(target, self.value(target).holding(added) if added.carries else self.value(target))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.names[node.name] = self.nested(node, node.name)
            case ast.Import() | ast.ImportFrom():
                for name, imported in self.module.bound_by(node).items():
                    self.names[name] = self.trace.lookup.imported(imported)
            case ast.Raise():
                pass  # what is raised ends the way
            case _:
                self._compound(node)

    def _compound(self, node: ast.stmt) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                self.value(test)
                self._branches([body, orelse])
            case ast.While(test=test, body=body, orelse=orelse):
                self.value(test)
                self._branches([body, orelse])
            case ast.For(target=target, iter=values, body=body) | ast.AsyncFor(target=target, iter=values, body=body):
                self.bind(target, self.value(values).member())
                self._branches([body, []])
                self._block(node.orelse)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    context = self.value(item.context_expr)
                    if item.optional_vars:
                        self.bind(item.optional_vars, context if context.cls else context.member())
                self._block(body)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
                self._branches([body + orelse, *(handler.body for handler in handlers)])
                self._block(finalbody)
            case ast.Match(subject=subject, cases=cases):
                self._match(self.value(subject), cases)
            case ast.Assert(test=test):
                self.value(test)

    def _branches(self, bodies: list[list[ast.stmt]]) -> None:
        """Walk through alternatives one after the other; afterwards a name may have the value that any of them gave."""
        before = dict(self.names)
        after: list[dict[str, Value]] = []
        for body in bodies:
            self._reset(before)
            self._block(body)
            after.append(dict(self.names))
        self._reset({name: join(one.get(name, NOTHING) for one in after) for names in after for name in names})

    def _reset(self, names: dict[str, Value]) -> None:
        # The same dictionary throughout: functions inside this one see its names.
        current = dict(names)
        self.names.clear()
        self.names.update(current)

    def _match(self, subject: Value, cases: list[ast.match_case]) -> None:
        bodies = []
        for case in cases:
            for pattern in ast.walk(case.pattern):
                name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                if isinstance(name, str):
                    self.names[name] = replace(subject, items=None)
            self.value(case.guard)
            bodies.append(case.body)
        self._branches(bodies)
