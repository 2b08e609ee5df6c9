"""Arithmetic that writes an ONNX graph: every operation on a `Value` adds one node of a standard operator.

A tracer would add a dozen nodes for every shape, and may fuse or reorder what has to be rounded after each step. Here
each line is one operation, so that a graph can follow NumPy to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OPSET, IR = 18, 8  # ScatterElements takes the least or the largest of several from opset 18 on
_TYPES = {
    np.dtype(kind): helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    for kind in (np.uint8, np.int32, np.int64, np.float32, np.float64, np.bool_)
}
Tensors = dict[str, tuple[type, tuple[int | str, ...]]]  # by name: type, and sizes by number or name


def value_info(name: str, kind: type, sizes: Sequence[int | str]) -> onnx.ValueInfoProto:
    """What a graph says of a tensor that goes in or out."""
    return helper.make_tensor_value_info(name, _TYPES[np.dtype(kind)], sizes)


@dataclass(slots=True)
class Sheet:
    """A graph that is being written.

    Attributes
    ----------
    nodes, constants
        What it holds so far.
    """

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    prefix: str = "v"
    _known: dict[tuple[Any, ...], Value] = field(default_factory=dict)

    def input(self, name: str, kind: type) -> Value:
        """A tensor that is given to the graph."""
        return Value(self, name, np.dtype(kind))

    def constant(self, value: Any, kind: Any = None) -> Value:
        """A tensor that never changes; equal ones are kept once."""
        array = np.asarray(value, kind)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            name = f"{self.prefix}c{len(self.constants)}"
            self.constants[name] = numpy_helper.from_array(array, name)
            self._known[key] = Value(self, name, array.dtype)
        return self._known[key]

    def apply(self, operator: str, *inputs: Value | None, kind: Any = None, **attributes: Any) -> Value:
        """Add a node of one output, which has the type of its first input where `kind` names no other."""
        return self.apply_to_many(operator, *inputs, kinds=(kind,), **attributes)[0]

    def apply_to_many(
        self, operator: str, *inputs: Value | None, kinds: Sequence[Any] = (None,), **attributes: Any
    ) -> list[Value]:
        """Add a node of several outputs, with their types as for `apply`."""
        place = len(self.nodes)
        names = [f"{self.prefix}{place}_{number}" for number in range(len(kinds))]
        given = ["" if value is None else value.name for value in inputs]
        self.nodes.append(helper.make_node(operator, given, names, name=f"{self.prefix}/{place}", **attributes))
        first = next(value for value in inputs if value is not None)
        return [
            Value(self, name, first.kind if kind is None else np.dtype(kind))
            for name, kind in zip(names, kinds, strict=True)
        ]

    def named(self, value: Value, name: str) -> None:
        """Give an output of the graph its name."""
        self.nodes.append(helper.make_node("Identity", [value.name], [name], name=f"{self.prefix}/{name}"))

    def graph(self, name: str, inputs: Tensors, outputs: Tensors) -> onnx.GraphProto:
        """The finished graph, with its inputs and outputs."""
        given, found = (
            [value_info(one, kind, sizes) for one, (kind, sizes) in some.items()] for some in (inputs, outputs)
        )
        return helper.make_graph(self.nodes, name, given, found, list(self.constants.values()))


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor of a graph, with the arithmetic of NumPy; plain numbers take its type."""

    sheet: Sheet
    name: str
    kind: np.dtype[Any]

    def _with(self, other: Value | float) -> Value:
        return other if isinstance(other, Value) else self.sheet.constant(other, self.kind)

    def _do(self, operator: str, *others: Value | float, kind: Any = None) -> Value:
        return self.sheet.apply(operator, self, *(self._with(other) for other in others), kind=kind)

    def __add__(self, other: Value | float) -> Value:
        return self._do("Add", other)

    def __sub__(self, other: Value | float) -> Value:
        return self._do("Sub", other)

    def __mul__(self, other: Value | float) -> Value:
        return self._do("Mul", other)

    def __truediv__(self, other: Value | float) -> Value:
        return self._do("Div", other)

    def __rsub__(self, other: float) -> Value:
        return self._with(other)._do("Sub", self)

    def __rtruediv__(self, other: float) -> Value:
        return self._with(other)._do("Div", self)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Value:
        return self._do("Neg")

    def __lt__(self, other: Value | float) -> Value:
        return self._do("Less", other, kind=np.bool_)

    def __le__(self, other: Value | float) -> Value:
        return self._do("LessOrEqual", other, kind=np.bool_)

    def __gt__(self, other: Value | float) -> Value:
        return self._do("Greater", other, kind=np.bool_)

    def __ge__(self, other: Value | float) -> Value:
        return self._do("GreaterOrEqual", other, kind=np.bool_)

    def equals(self, other: Value | float) -> Value:
        """Where both are equal."""
        return self._do("Equal", other, kind=np.bool_)

    def __and__(self, other: Value) -> Value:
        return self._do("And", other)

    def __or__(self, other: Value) -> Value:
        return self._do("Or", other)

    def __invert__(self) -> Value:
        return self._do("Not")

    def abs(self) -> Value:
        """Without its sign."""
        return self._do("Abs")

    def at_least(self, other: Value | float) -> Value:
        """The larger of both."""
        return self._do("Max", other)

    def at_most(self, other: Value | float) -> Value:
        """The smaller of both."""
        return self._do("Min", other)

    def to(self, kind: type) -> Value:
        """In another type; floats lose what is behind the point when they become whole numbers."""
        if self.kind == np.dtype(kind):
            return self
        return self.sheet.apply("Cast", self, kind=kind, to=_TYPES[np.dtype(kind)])

    def where(self, this: Value, other: Value | float) -> Value:
        """Take `this` where it holds, else `other`."""
        return self.sheet.apply("Where", self, this, this._with(other), kind=this.kind)

    def reduced(self, how: str, *axes: int, keep: bool = False) -> Value:
        """Sum, Max or Min along axes, or over all."""
        over = [self.sheet.constant(axes, np.int64)] if axes else []
        return self.sheet.apply(f"Reduce{how}", self, *over, keepdims=int(keep))

    def shaped(self, *sizes: Value | int) -> Value:
        """Of another shape; every size is a number or a scalar int64."""
        return self.sheet.apply("Reshape", self, self.sizes(*sizes), allowzero=1)

    def sizes(self, *sizes: Value | int) -> Value:
        """Numbers and scalars as one vector of int64."""
        sheet = self.sheet
        if all(isinstance(size, int) for size in sizes):
            return sheet.constant(sizes, np.int64)
        parts = [size.with_axis(0) if isinstance(size, Value) else sheet.constant([size], np.int64) for size in sizes]
        return sheet.apply("Concat", *parts, axis=0)

    def with_axis(self, *axes: int) -> Value:
        """With axes of one element more."""
        return self.sheet.apply("Unsqueeze", self, self.sheet.constant(axes, np.int64))

    def without_axis(self, *axes: int) -> Value:
        """Without axes of one element."""
        return self.sheet.apply("Squeeze", self, self.sheet.constant(axes, np.int64))

    def part(self, axis: int, first: Value | int, last: Value | int) -> Value:
        """From `first` to before `last` along an axis."""
        sheet = self.sheet
        return sheet.apply("Slice", self, self.sizes(first), self.sizes(last), sheet.constant([axis], np.int64))

    def take(self, index: Value | int | NDArray[np.int64], axis: int = 0) -> Value:
        """The elements at some places of an axis."""
        wanted = index if isinstance(index, Value) else self.sheet.constant(index, np.int64)
        return self.sheet.apply("Gather", self, wanted, axis=axis)

    def size(self, axis: int) -> Value:
        """Length of an axis, scalar int64."""
        shape: Value = self.sheet.apply("Shape", self, kind=np.int64, start=axis, end=axis + 1)
        return shape.without_axis(0)

    def sorted_first(self, count: Value) -> Value:
        """The `count` smallest of a vector, in order; a scalar int64 of at least 1."""
        both = (self.kind, np.int64)
        return self.sheet.apply_to_many("TopK", self, count.with_axis(0), kinds=both, axis=0, largest=0)[0]

    def padded(self, before: tuple[int, ...], after: tuple[int, ...], mode: str = "constant") -> Value:
        """Longer at both ends of every axis."""
        return self.sheet.apply("Pad", self, self.sheet.constant((*before, *after), np.int64), mode=mode)

    def where_true(self) -> Value:
        """Places where it holds, (axes, places) int64."""
        return self.sheet.apply("NonZero", self, kind=np.int64)

    def counting(self) -> Value:
        """0, 1, ... before a scalar, as its type."""
        zero, one = self.sheet.constant(0, self.kind), self.sheet.constant(1, self.kind)
        return self.sheet.apply("Range", zero, self, one, kind=self.kind)

    def filled(self, *sizes: Value | int) -> Value:
        """A scalar, repeated to a shape."""
        return self.sheet.apply("Expand", self, self.sizes(*sizes))

    def scattered(self, places: Value, updates: Value, how: str) -> Value:
        """With updates at places of a vector; where there are several, by ``add``, ``max`` or ``min``."""
        return self.sheet.apply("ScatterElements", self, places, updates, axis=0, reduction=how)
