"""Loop's values and the standard module's, side by side: the same class bodies, and the same answers."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from loop_kit.values import making

T = TypeVar("T")


def _classes(kit: Any) -> dict[str, Any]:
    """Return classes as loop writes them, made by one kit or the other."""

    @kit.dataclass(frozen=True, slots=True, kw_only=True)
    class Point:
        """A point."""

        kind: ClassVar[str] = "point"

        x: int
        y: int = 2
        tags: tuple[str, ...] = ()
        more: dict[str, Any] = kit.field(default_factory=dict)

        @property
        def total(self) -> int:
            return self.x + self.y

        @classmethod
        def origin(cls) -> Any:
            made: Any = cls
            return made(x=0, y=0)

    @kit.dataclass(frozen=True, slots=True)
    class Pair:
        left: int
        right: Any = None

    @kit.dataclass(slots=True)
    class Counter:
        name: str
        seen: int = 0
        twice: int = kit.field(init=False)

        def __post_init__(self) -> None:
            self.twice = 2 * self.seen

    @kit.dataclass(kw_only=True)
    class Open:
        name: str = "x"

    class Base:
        def hello(self) -> str:
            return "hello"

    @kit.dataclass(frozen=True, slots=True, kw_only=True)
    class Holder(Base, Generic[T]):
        held: T

        def __repr__(self) -> str:
            return "mine"

    return {each.__name__: each for each in (Point, Pair, Counter, Open, Holder)}


OURS, STANDARD = _classes(making), _classes(dataclasses)


def change(value: Any, name: str, to: Any) -> Any:
    setattr(value, name, to)
    return getattr(value, name)


def outcome(call: Callable[[], Any]) -> Any:
    """Return what comes of a call, an error by its standard kind."""
    try:
        return call()
    except (AttributeError, TypeError) as error:
        return TypeError if isinstance(error, TypeError) else AttributeError


QUESTIONS: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "defaults": lambda c, _: [(p := c["Point"](x=1)).x, p.y, p.tags, p.more, p.total, p.kind],
    "a factory is called for each": lambda c, _: c["Point"](x=1).more is c["Point"](x=1).more,
    "class method": lambda c, _: c["Point"].origin().total,
    "repr": lambda c, _: repr(c["Point"](x=1, tags=("a",))).rpartition(".")[2],
    "own repr": lambda c, _: repr(c["Holder"](held=1)),
    "equal": lambda c, _: c["Point"](x=1) == c["Point"](x=1, y=2),
    "unequal": lambda c, _: c["Point"](x=1) == c["Point"](x=2),
    "another class": lambda c, _: c["Pair"](1, 2) == (1, 2),
    "hash": lambda c, _: hash(c["Pair"](1, 2)) == hash(c["Pair"](1, 2)),
    "no hash when it can change": lambda c, _: hash(c["Counter"]("a")),
    "position": lambda c, _: (c["Pair"](1, 2).left, c["Pair"](1, right=3).right),
    "by position where it may not": lambda c, _: c["Point"](1),
    "too many": lambda c, _: c["Pair"](1, 2, 3),
    "twice": lambda c, _: c["Pair"](1, left=2),
    "missing": lambda c, _: c["Point"](),
    "unknown": lambda c, _: c["Point"](x=1, z=3),
    "frozen": lambda c, _: change(c["Point"](x=1), "x", 2),
    "frozen, deleted": lambda c, _: delattr(c["Point"](x=1), "x"),
    "changed": lambda c, _: change(c["Counter"]("a"), "seen", 4),
    "after the start": lambda c, _: c["Counter"]("a", 3).twice,
    "no start for it": lambda c, _: c["Counter"]("a", 3, 4),
    "slots": lambda c, _: hasattr(c["Point"](x=1), "__dict__"),
    "no slots": lambda c, _: vars(c["Open"]()),
    "unknown slot": lambda c, _: change(c["Counter"]("a"), "nobody", 1),
    "inherited": lambda c, _: (c["Holder"](held=1).hello(), c["Holder"](held=2).held),
    "replace": lambda c, kit: kit.replace(c["Point"](x=1), y=5).total,
    "replace, unknown": lambda c, kit: kit.replace(c["Point"](x=1), z=5),
    "fields": lambda c, kit: [each.name for each in kit.fields(c["Point"])],
    "fields of a value": lambda c, kit: [each.name for each in kit.fields(c["Counter"]("a"))],
    "asdict": lambda c, kit: kit.asdict(c["Pair"](c["Pair"](1, [c["Pair"](2)]), {"a": c["Open"]()})),
    "match": lambda c, _: c["Pair"].__match_args__ + c["Point"].__match_args__,
    "doc": lambda c, _: c["Point"].__doc__,
    "names": lambda c, _: (c["Point"].__name__, c["Point"].__module__),
    "the standard replace": lambda c, _: dataclasses.replace(c["Counter"]("a", 1), seen=2).twice,
    "the standard fields": lambda c, _: [(each.name, each.init) for each in dataclasses.fields(c["Counter"])],
    "the standard asdict": lambda c, _: dataclasses.asdict(c["Point"](x=1)),
    "is one": lambda c, _: dataclasses.is_dataclass(c["Point"]),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_value_answers_as_one_of_the_standard_module_does(question: str):
    ask = QUESTIONS[question]
    assert outcome(lambda: ask(OURS, making)) == outcome(lambda: ask(STANDARD, dataclasses))


def test_what_is_wrong_is_said_by_name():
    with pytest.raises(TypeError, match="'x' is missing"):
        OURS["Point"]()
    with pytest.raises(TypeError, match="has no field 'z'"):
        OURS["Point"](x=1, z=2)
    with pytest.raises(AttributeError, match="field 'x' cannot be changed"):
        OURS["Point"](x=1).x = 2


def test_nothing_is_compiled_for_a_class():
    for name, method in vars(OURS["Point"]).items():
        code = getattr(method, "__code__", None)
        assert code is None or code.co_filename in (making.__file__, __file__), name
    assert inspect.getsource(OURS["Point"].__init__)  # what was made from a text has no source
