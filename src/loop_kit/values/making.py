"""Make a class of values: its methods are closures over the names of its fields.

They take longer for each object than compiled ones; loop makes few objects and starts often.
"""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Never, get_origin

_NOTHING = object()
_FIELDS = "__value_fields__"
_NOT_INHERITED = ("__dict__", "__weakref__")


class Field:
    """One field of a class; `factory` or `default` gives its value when nobody does."""

    __slots__ = ("default", "factory", "init", "kw_only", "name")

    def __init__(self, default: Any = _NOTHING, factory: Callable[[], Any] | None = None, *, init: bool = True) -> None:
        self.name, self.kw_only = "", False
        self.default, self.factory, self.init = default, factory, init

    @property
    def has_default(self) -> bool:
        return self.factory is not None or self.default is not _NOTHING

    def fallback(self) -> Any:
        if self.factory is not None:
            return self.factory()
        if self.default is _NOTHING:
            raise TypeError(f"the argument {self.name!r} is missing")
        return self.default


def field(*, default: Any = _NOTHING, default_factory: Callable[[], Any] | None = None, init: bool = True) -> Any:
    return Field(default, default_factory, init=init)


def dataclass(cls: Any = None, /, *, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Any:
    """Give a class the methods that its annotated fields call for; with `slots` it is made anew, as by the standard module."""

    def make(cls: Any) -> Any:
        known = {each.name: each for base in reversed(cls.__mro__) for each in base.__dict__.get(_FIELDS, {}).values()}
        own = {name: _take(cls, name, kw_only=kw_only) for name in _own_names(cls)}
        cls = _slotted(cls, own) if slots else cls
        known |= own
        setattr(cls, _FIELDS, known)
        cls.__dataclass_fields__ = _Standard()
        for name, method in _methods(cls, tuple(known.values()), frozen=frozen):
            if name not in cls.__dict__:
                setattr(cls, name, method)
        return cls

    return make if cls is None else make(cls)


def fields(value: Any) -> tuple[Field, ...]:
    return tuple(getattr(value, _FIELDS).values())


def replace(value: Any, /, **changes: Any) -> Any:
    kept = {each.name: getattr(value, each.name) for each in fields(value) if each.init and each.name not in changes}
    return value.__class__(**kept, **changes)


def asdict(value: Any) -> Any:
    """Return the fields by name, those of values within them too, in lists, tuples and dicts as deep as they go."""
    if hasattr(value.__class__, _FIELDS):
        return {each.name: asdict(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, list | tuple):
        return type(value)(map(asdict, value))
    return {key: asdict(each) for key, each in value.items()} if isinstance(value, dict) else value


class _Standard:
    """What the standard module asks a class for, made when it asks: plugins may call its `replace` and `fields`."""

    def __get__(self, _value: object, cls: Any) -> dict[str, Any]:
        import dataclasses  # noqa: PLC0415  (loop itself does without)

        named: Any = dataclasses.make_dataclass("Named", [each.name for each in fields(cls)])
        found: dict[str, Any] = named.__dataclass_fields__
        for each in fields(cls):
            found[each.name].init = each.init
        return found


def _own_names(cls: Any) -> list[str]:
    notes = cls.__dict__.get("__annotations__", {})  # noqa: RUF063  (inspect would have to be imported)
    return [name for name, note in notes.items() if note is not ClassVar and get_origin(note) is not ClassVar]


def _take(cls: Any, name: str, *, kw_only: bool) -> Field:
    """Return the field of that name; what stands in the class for it is its default, and stays there when it is one."""
    stands = cls.__dict__.get(name, _NOTHING)
    taken = stands if isinstance(stands, Field) else Field(stands)
    taken.name, taken.kw_only = name, kw_only
    if isinstance(stands, Field):
        delattr(cls, name)
    return taken


def _slotted(cls: Any, own: dict[str, Field]) -> Any:
    inherited = {name for base in cls.__mro__[1:] for name in base.__dict__.get("__slots__", ())}
    body = {key: each for key, each in cls.__dict__.items() if key not in own and key not in _NOT_INHERITED}
    body["__slots__"] = tuple(name for name in own if name not in inherited)
    made = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


def _methods(cls: Any, known: tuple[Field, ...], *, frozen: bool) -> Iterator[tuple[str, Any]]:
    names = tuple(each.name for each in known)

    def shown(self: Any) -> str:
        return f"{cls.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def content(self: Any) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in names)

    def same(self: Any, other: Any) -> Any:
        return content(self) == content(other) if other.__class__ is self.__class__ else NotImplemented

    def refuse(_self: Any, name: str, *_value: Any) -> Never:
        raise AttributeError(f"{cls.__qualname__} is a value: its field {name!r} cannot be changed")

    yield "__init__", _initializer(cls, tuple(each for each in known if each.init))
    yield "__match_args__", tuple(each.name for each in known if each.init and not each.kw_only)
    yield "__repr__", shown
    yield "__eq__", same
    yield "__hash__", (lambda self: hash(content(self))) if frozen else None
    if frozen:
        yield "__setattr__", refuse
        yield "__delattr__", refuse


def _initializer(cls: Any, taken: tuple[Field, ...]) -> Any:
    positional = tuple(each.name for each in taken if not each.kw_only)
    in_order = sorted(taken, key=lambda each: each.kw_only)
    put = object.__setattr__
    then = getattr(cls, "__post_init__", None)

    def initialize(self: Any, /, *args: Any, **given: Any) -> None:
        if len(args) > len(positional):
            raise TypeError(f"{cls.__qualname__} takes {len(positional)} values by position, not {len(args)}")
        for name, value in zip(positional, args, strict=False):
            if name in given:
                raise TypeError(f"{cls.__qualname__} was given {name!r} twice")
            put(self, name, value)
        for each in in_order[len(args) :]:
            put(self, each.name, given.pop(each.name) if each.name in given else each.fallback())
        if given:
            raise TypeError(f"{cls.__qualname__} has no field {next(iter(given))!r}")
        if then is not None:
            then(self)

    return initialize
