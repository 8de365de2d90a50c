# SPDX-License-Identifier: Apache-2.0
"""Layouts in construct, values in dataclasses, and the same layouts laid over memory.

`Record` is the strict way: parse and build whole packets. `Overlay` is the mask ROM's way: fields at
fixed places of a buffer that may hold anything, stale bytes of earlier frames included. Both are made
from the same list of construct fields, so a byte offset is written down nowhere.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Generic, TypeVar

from construct import Construct, ConstructError, ExprAdapter, GreedyRange, Struct, Terminated

from esprom.errors import MalformedPacket

T = TypeVar("T")


class Record(Generic[T]):
    """Parse bytes into `kind`, build `kind` into bytes; the layout consumes its input exactly."""

    def __init__(self, kind: type[T], *layout: "Construct[Any, Any]") -> None:
        self.kind = kind
        self.layout = layout
        self._names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # always a dataclass
        self._whole = Struct(*layout, Terminated)  # construct ignores trailing bytes otherwise

    def parse(self, data: bytes) -> T:
        """Return the value that `data` holds. Raises MalformedPacket."""
        try:
            found = self._whole.parse(data)
        except ConstructError as exc:
            raise MalformedPacket(f"{self.kind.__name__}: {exc}") from exc
        return self.kind(**{name: found[name] for name in self._names})

    def build(self, value: T) -> bytes:
        """Return the bytes of `value`. Raises ValueError where a field does not fit its place."""
        try:
            return self._whole.build(self._facts(value))
        except ConstructError as exc:
            raise ValueError(f"{self.kind.__name__}: {exc}") from exc

    def repeated(self) -> "Construct[Any, Any]":
        """Return a field that holds any number of these, as a tuple, up to the end of the packet."""
        one = Struct(*self.layout)
        decode: Callable[[Any, Any], Any] = lambda found, _: tuple(  # noqa: E731
            self.kind(**{name: item[name] for name in self._names}) for item in found
        )
        encode: Callable[[Any, Any], Any] = lambda values, _: [  # noqa: E731
            self._facts(value) for value in values
        ]
        return ExprAdapter(GreedyRange(one), decoder=decode, encoder=encode)

    def _facts(self, value: T) -> dict[str, Any]:
        return {name: getattr(value, name) for name in self._names}


class Overlay:
    """The fixed leading fields of a layout, in place in memory, little-endian, unsigned, unchecked."""

    def __init__(self, *layout: "Construct[Any, Any]") -> None:
        self._places: dict[str, tuple[int, int]] = {}
        offset = 0
        for field in layout:
            try:
                size = field.sizeof()
            except ConstructError:
                break  # from the first field of variable size on there are no fixed places
            if field.name:
                self._places[field.name] = (offset, offset + size)
            offset += size
        self.size = offset  # bytes

    def offset(self, name: str) -> int:
        """Return where the field begins, in bytes from the start of the layout."""
        return self._places[name][0]

    def read(self, memory: "bytearray | memoryview", base: int, name: str) -> int:
        """Return the field's value in `memory`, where the layout starts at `base`."""
        first, end = self._places[name]
        return int.from_bytes(memory[base + first : base + end], "little")

    def write(self, memory: "bytearray | memoryview", base: int, name: str, value: int) -> None:
        """Store `value`, which must fit the field, in `memory`, where the layout starts at `base`."""
        first, end = self._places[name]
        memory[base + first : base + end] = value.to_bytes(end - first, "little")
