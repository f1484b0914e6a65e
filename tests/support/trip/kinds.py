"""What an expression stands for, as far as the text of the program tells. `followed` marks what came in by the value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tests.support.trip.modules import ClassCode, FunctionCode


@dataclass(frozen=True)
class Plain:
    """Something without parts: `outside` the package, a callable nobody names (`callback`), or nothing is known (`""`)."""

    what: str = ""


@dataclass(frozen=True)
class Instance:
    """An object; `given` are the functions that its constructor was given for fields, None where nobody saw it made."""

    cls: ClassCode
    followed: bool = False
    given: tuple[tuple[str, Function], ...] | None = None


@dataclass(frozen=True)
class Fixed:
    """A tuple whose items are known one by one."""

    items: tuple[Kind, ...]


@dataclass(frozen=True)
class Each:
    """Anything that yields items of one kind; for a context manager, what it binds."""

    item: Kind


@dataclass(frozen=True)
class Table:
    """A mapping, of which the values count."""

    item: Kind


@dataclass(frozen=True)
class Either:
    options: tuple[Kind, ...]


@dataclass(frozen=True)
class Function:
    code: FunctionCode
    owner: Kind | None = None


@dataclass(frozen=True)
class Class:
    cls: ClassCode


@dataclass(frozen=True)
class Module:
    name: str


@dataclass(frozen=True)
class Field:
    """A callable in a field: whatever some constructor was given for it."""

    cls: ClassCode
    name: str


@dataclass(frozen=True)
class Variable:
    """A type variable; `of_class` for `type[R]`."""

    name: str
    of_class: bool = False


@dataclass(frozen=True)
class Copying:
    """`replace`, which returns its argument with other fields, or `partial`, which calls it later."""

    name: str


Kind: TypeAlias = (
    Plain | Instance | Fixed | Each | Table | Either | Function | Class | Module | Field | Variable | Copying
)

UNKNOWN, OUTSIDE, CALLBACK = Plain(), Plain("outside"), Plain("callback")


def either(*options: Kind) -> Kind:
    """Return one kind for several; what is not known gives way to what is."""
    flat: dict[Kind, None] = {}
    for option in options:
        flat.update(dict.fromkeys(option.options if isinstance(option, Either) else (option,)))
    telling: tuple[Kind, ...] = tuple(option for option in flat if not isinstance(option, Plain))
    telling = telling or tuple(flat)
    return telling[0] if len(telling) == 1 else Either(telling)


def options(kind: Kind) -> tuple[Kind, ...]:
    return kind.options if isinstance(kind, Either) else (kind,)


def parts(kind: Kind) -> Iterator[Kind]:
    """Yield a kind and all that it is made of."""
    yield kind
    match kind:
        case Fixed(inner) | Either(inner):
            yield from (part for each in inner for part in parts(each))
        case Each(item) | Table(item):
            yield from parts(item)
        case Function(_, owner) if owner is not None:
            yield from parts(owner)


def changed(kind: Kind, change: Callable[[Kind], Kind]) -> Kind:
    """Return a kind with `change` applied to each of its innermost parts."""
    match kind:
        case Fixed(items):
            return Fixed(tuple(changed(each, change) for each in items))
        case Either(inner):
            return either(*(changed(each, change) for each in inner))
        case Each(item):
            return Each(changed(item, change))
        case Table(item):
            return Table(changed(item, change))
    return change(kind)


def item_of(kind: Kind) -> Kind:
    """Return what an iteration, or a context manager, binds."""
    return either(*map(_item, options(kind)))


def _item(kind: Kind) -> Kind:
    match kind:
        case Each(item):
            return item
        case Fixed(items):
            return either(*items) if items else OUTSIDE
        case Table(_):
            return OUTSIDE
    return OUTSIDE if kind == OUTSIDE else UNKNOWN


def part_of(kind: Kind, index: object) -> Kind:
    """Return what stands at an index, a number or anything else."""
    found: list[Kind] = []
    for option in options(kind):
        match option, index:
            case Fixed(items), int(number) if -len(items) <= number < len(items):
                found.append(items[number])
            case ((Each(item) | Table(item)), _):
                found.append(item)
            case Fixed(items), _:
                found.append(either(*items) if items else OUTSIDE)
            case _:
                found.append(OUTSIDE if option == OUTSIDE else UNKNOWN)
    return either(*found)


def is_followed(kinds: Iterable[Kind]) -> bool:
    return any(isinstance(part, Instance) and part.followed for kind in kinds for part in parts(kind))


def tells(kind: Kind) -> bool:
    """Whether a parameter's kind says more than its annotation can."""
    return any(
        isinstance(part, Function | Field | Class) or (isinstance(part, Instance) and (part.followed or part.given))
        for part in parts(kind)
    )
