"""Small packages whose trips are plain to see, for the tests of the counter."""

from pathlib import Path
from textwrap import dedent

from tests.support.trip.counting import Trip, measure
from tests.support.trip.source import Source

STATE = """
    from p.values import dataclass, replace

    @dataclass
    class State:
        round: int
        def name(self) -> str: ...
        def later(self) -> "State":
            return replace(self, round=self.round + 1)
        @property
        def label(self) -> str:
            return f"round {self.round}"
    """


def trip(folder: Path, value: str = "state", *, entry: str = "p.start:start", **modules: str) -> Trip:
    """Measure a package of these modules, with `model.py` beside them; two underscores are a folder."""
    texts = {
        "model": STATE,
        "values__making": "",
        "values____init__": "def dataclass(cls): ...\ndef replace(a, **b): ...",
    }
    for name, text in (texts | modules).items():
        path = folder / "p" / f"{name.replace('__', '/', 1)}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return measure(Source(folder, "p"), entry, [value])


def steps(found: Trip) -> str:
    """Return the trip in short: each step's module and function, a return in brackets."""
    words = (f"{each.file.removesuffix('.py')}.{each.function}" for each in found.entries)
    return " ".join(f"({word})" if each.is_return else word for word, each in zip(words, found.entries, strict=True))
