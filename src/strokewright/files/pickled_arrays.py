"""Object arrays of arrays out of the pickled `.npy` files that the public sketch-rnn sets use, without unpickling.

A pickle is a program for a stack machine. This is a smaller machine: it knows only the instructions with which NumPy
spells an array of arrays, and the five names in `_NAMES` stand for inert records, never for the functions that they
name in Python. So whatever the bytes say, the outcome is numbers in arrays, or a FormatError.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.errors import FormatError

_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): "new array",
    ("numpy._core.multiarray", "_reconstruct"): "new array",
    ("numpy", "ndarray"): "array type",
    ("numpy", "dtype"): "new dtype",
    ("_codecs", "encode"): "encode",
}
_NUMBERS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
_MAX_SIDES = 3


@dataclass(frozen=True)
class _Name:
    """A name that the pickle refers to; calling it is up to `_call`."""

    role: str


@dataclass
class _Dtype:
    code: str
    order: str = "|"


@dataclass
class _Array:
    """An array being built: empty until its state arrives."""

    state: tuple[Any, ...] = ()

    @property
    def is_object_array(self) -> bool:
        return len(self.state) == 5 and isinstance(self.state[2], _Dtype) and self.state[2].code.startswith("O")


_MARK = object()


def read_pickled_array(data: bytes) -> NDArray[Any]:
    """Read an array of numbers, or an object array whose cells are such arrays.

    Args:
        data: The pickle, from its first instruction to STOP.

    Returns:
        A numeric array, or a 1-D object array of arrays.

    Raises:
        FormatError: The bytes hold anything else, or would unfold to more than their own size.
    """
    try:
        machine = _Machine(data)
        outcome = machine.run()
        if isinstance(outcome, _Array) and outcome.is_object_array:
            return _to_object_array(outcome, machine)
        return _to_array(outcome, machine)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, struct.error, OverflowError) as error:
        raise FormatError(f"expected a pickled array of arrays, got damaged data ({error})") from error


class _Machine:
    """The stack machine; one method or table entry an instruction, named as in the pickle format."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.budget = len(data) + 2**16  # bytes that texts may unfold to: shared ones could be unfolded again and again
        self.at = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        while True:
            code = self.take(1)[0]
            if code == _STOP:
                return self.stack.pop()
            action = _ACTIONS.get(code)
            if action is None:
                raise FormatError(f"expected a pickled array of arrays, got instruction {bytes([code])!r}: refused")
            action(self)

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if count < 0 or len(piece) < count:
            raise FormatError("expected a whole pickled array, got the beginning of one; the file is cut short")
        self.at += count
        return piece

    def number(self, form: str) -> int:
        return int(struct.unpack("<" + form, self.take(struct.calcsize(form)))[0])

    def line(self) -> str:
        end = self.data.index(b"\n", self.at)
        text = self.take(end - self.at).decode("ascii")
        self.at += 1
        return text

    def since_mark(self) -> list[Any]:
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                items = self.stack[index + 1 :]
                del self.stack[index:]
                return items
        raise FormatError("expected a pickled array of arrays, got a list without a beginning")

    def tuple_of(self, count: int) -> None:
        items = [self.stack.pop() for _ in range(count)]
        self.stack.append(tuple(reversed(items)))

    def name(self, module: Any, name: Any) -> None:
        role = _NAMES.get((module, name)) if isinstance(module, str) and isinstance(name, str) else None
        if role is None:
            raise FormatError(f"expected arrays of numbers alone, got a reference to {module}.{name}: refused")
        self.stack.append(_Name(role))

    def named_by_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.name(module, name)

    def reduce(self) -> None:
        arguments, callee = self.stack.pop(), self.stack.pop()
        self.stack.append(_call(callee, arguments, self))

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if not isinstance(state, tuple):
            raise TypeError("a state that is not a tuple")
        if isinstance(target, _Array):
            target.state = state
        elif isinstance(target, _Dtype):
            target.order = state[1]
        else:
            raise TypeError("a state for something that has none")

    def encode(self, text: str) -> bytes:
        self.budget -= len(text)
        if self.budget < 0:
            raise FormatError("expected a pickled array of arrays, got one that unfolds to more than its size: refused")
        return text.encode("latin-1")

    def append(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise TypeError("items for something that is not a list")
        self.stack[-1].extend(items)


def _call(callee: Any, arguments: Any, machine: _Machine) -> Any:
    role = callee.role if isinstance(callee, _Name) else ""
    if role == "new array":
        return _Array()
    if role == "new dtype" and isinstance(arguments[0], str):
        return _Dtype(arguments[0])
    if role == "encode" and isinstance(arguments[0], str) and arguments[1:] in (("latin1",), ("latin-1",)):
        return machine.encode(arguments[0])
    raise TypeError(f"a call of {role or type(callee).__name__}")


def _to_object_array(outcome: _Array, machine: _Machine) -> NDArray[Any]:
    cells = outcome.state[4]
    if not isinstance(cells, list):
        raise TypeError("cells that are not a list")
    result = np.empty(len(cells), dtype=object)
    for index, cell in enumerate(cells):
        result[index] = _to_array(cell, machine)
    return result


def _to_array(outcome: Any, machine: _Machine) -> NDArray[Any]:
    if not isinstance(outcome, _Array) or outcome.is_object_array:
        raise TypeError("something that is not an array of numbers")
    _, shape, dtype, by_columns, content = outcome.state
    if not isinstance(dtype, _Dtype) or dtype.code not in _NUMBERS or dtype.order not in ("<", ">", "|", "="):
        raise ValueError(f"numbers of type {dtype}")
    if len(shape) > _MAX_SIDES or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError(f"a shape of {shape}")
    raw = machine.encode(content) if isinstance(content, str) else content
    order = "<" if dtype.order in ("|", "=") else dtype.order
    return np.frombuffer(raw, dtype=order + dtype.code).reshape(shape, order="F" if by_columns else "C")


_Action = Callable[[_Machine], Any]
_STOP = ord(".")


def _push(read: Callable[[_Machine], Any]) -> _Action:
    return lambda m: m.stack.append(read(m))


def _memoise(index: Callable[[_Machine], int]) -> _Action:
    def action(m: _Machine) -> None:
        m.memo[index(m)] = m.stack[-1]

    return action


_BY_CODE: dict[bytes, _Action] = {
    b"\x80": lambda m: m.take(1),  # PROTO
    b"\x95": lambda m: m.take(8),  # FRAME
    b"(": _push(lambda m: _MARK),
    b"0": lambda m: m.stack.pop(),
    # names, calls
    b"c": lambda m: m.name(m.line(), m.line()),
    b"\x93": lambda m: m.named_by_stack(),
    b"R": lambda m: m.reduce(),
    b"b": lambda m: m.build(),
    # memo
    b"q": _memoise(lambda m: m.number("B")),
    b"r": _memoise(lambda m: m.number("I")),
    b"\x94": _memoise(lambda m: len(m.memo)),
    b"h": _push(lambda m: m.memo[m.number("B")]),
    b"j": _push(lambda m: m.memo[m.number("I")]),
    # plain values
    b"N": _push(lambda m: None),
    b"\x88": _push(lambda m: True),
    b"\x89": _push(lambda m: False),
    b"J": _push(lambda m: m.number("i")),
    b"K": _push(lambda m: m.number("B")),
    b"M": _push(lambda m: m.number("H")),
    b"\x8a": _push(lambda m: int.from_bytes(m.take(m.number("B")), "little", signed=True)),
    # text (Python 2 wrote bytes as text) and bytes
    b"T": _push(lambda m: m.take(m.number("i")).decode("latin-1")),
    b"U": _push(lambda m: m.take(m.number("B")).decode("latin-1")),
    b"X": _push(lambda m: m.take(m.number("I")).decode("utf-8")),
    b"\x8c": _push(lambda m: m.take(m.number("B")).decode("utf-8")),
    b"B": _push(lambda m: m.take(m.number("I"))),
    b"C": _push(lambda m: m.take(m.number("B"))),
    b"\x8e": _push(lambda m: m.take(m.number("Q"))),
    # tuples, lists
    b")": _push(lambda m: ()),
    b"\x85": lambda m: m.tuple_of(1),
    b"\x86": lambda m: m.tuple_of(2),
    b"\x87": lambda m: m.tuple_of(3),
    b"t": lambda m: m.stack.append(tuple(m.since_mark())),
    b"]": _push(lambda m: []),
    b"a": lambda m: m.append([m.stack.pop()]),
    b"e": lambda m: m.append(m.since_mark()),
}
_ACTIONS = {code[0]: action for code, action in _BY_CODE.items()}
