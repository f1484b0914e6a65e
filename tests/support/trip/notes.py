"""What reading a function brings to light, in the order in which it stands there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from tests.support.trip.kinds import Kind
from tests.support.trip.modules import ClassCode, FunctionCode

Code: TypeAlias = FunctionCode | ClassCode
# What a function's parameters are given that says more than their annotations, by name.
Binding: TypeAlias = tuple[tuple[str, Kind], ...]


class Given(IntEnum):
    """What a call is given: the value counts, what holds it counts when it is used, nothing only where the value is made."""

    NOTHING = 0
    HOLDER = 1
    VALUE = 2


@dataclass(frozen=True)
class Call:
    code: Code
    binding: Binding
    given: Given
    is_property: bool = False


@dataclass(frozen=True)
class Use:
    """The value was read or set through what holds it, or was made."""


@dataclass(frozen=True)
class Lost:
    """Something that nobody can name was given the value."""

    line: int
    text: str


Note: TypeAlias = Call | Use | Lost


class Notes:
    def __init__(self) -> None:
        self.found: list[Note] = []
        self._muted = 0

    def add(self, note: Note) -> None:
        if not self._muted:
            self.found.append(note)

    @contextmanager
    def muted(self) -> Iterator[None]:
        self._muted += 1
        try:
            yield
        finally:
            self._muted -= 1
