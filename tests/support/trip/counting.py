"""The trip itself: which files a reader enters who follows the value, and how often they step back into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.support.trip.expressions import Program
from tests.support.trip.kinds import Instance, Kind, parts
from tests.support.trip.modules import ClassCode, FunctionCode
from tests.support.trip.notes import Binding, Call, Code, Given, Lost, Note, Use
from tests.support.trip.reading import read
from tests.support.trip.source import Source
from tests.support.trip.value import Value


@dataclass(frozen=True)
class Entry:
    """One step into another file than the one before."""

    file: str
    function: str
    is_return: bool


@dataclass(frozen=True)
class Trip:
    entries: tuple[Entry, ...]
    lost: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(each.file for each in self.entries if not each.is_return)

    @property
    def returns(self) -> int:
        return sum(each.is_return for each in self.entries)

    @property
    def text(self) -> str:
        """Every entry in order, the sums, and what could not be followed."""
        steps = (
            f"{number:4}  {'RETURN' if each.is_return else 'ENTER':6}  {each.file:32}  {each.function}"
            for number, each in enumerate(self.entries, 1)
        )
        sums = f"{len(self.files)} files, {self.returns} returns"
        return "\n".join((*steps, sums, *(f"not followed: {each}" for each in self.lost)))


class Walk:
    def __init__(self, program: Program) -> None:
        self.program = program
        self._read: dict[tuple[Code, Binding], tuple[Note, ...]] = {}
        self._known: dict[tuple[Code, Binding], bool] = {}
        self._followed: dict[Code, set[Code]] = {}
        self._asked: list[Call] = []
        self.steps: list[tuple[str, str]] = []
        self.lost: dict[str, None] = {}

    def enter(self, code: Code, binding: Binding) -> None:
        """Step into a function and follow its calls; later, only those that it makes because it is given something else."""
        self.steps.append((code.module.file, _label(code)))
        seen = self._followed.get(code)
        followed = self._followed.setdefault(code, set())
        for note in self._notes(code, binding):
            match note:
                case Call() if (seen is None or note.code not in seen) and self._counts(note):
                    followed.add(note.code)
                    self.enter(note.code, note.binding)
                case Lost(line, text):
                    self.lost[f"{code.module.file}:{line} {text}"] = None

    def _notes(self, code: Code, binding: Binding) -> tuple[Note, ...]:
        if (code, binding) not in self._read:
            self._read[code, binding] = read(self.program, code, binding)
        return self._read[code, binding]

    def _counts(self, call: Call) -> bool:
        if call.is_property:  # to a reader it is a field, unless it hands the value on
            if call in self._asked:
                return False
            self._asked.append(call)
            found = any(self._counts(each) for each in self._calls(call.code, call.binding))
            self._asked.remove(call)
            return found
        return call.given is Given.VALUE or self._touches(call.code, call.binding)

    def _calls(self, code: Code, binding: Binding) -> Iterator[Call]:
        return (each for each in self._notes(code, binding) if isinstance(each, Call))

    def _touches(self, code: Code, binding: Binding) -> bool:
        """Whether a function, or one that it calls, uses the value through what it is given."""
        seen = [(code, binding)]
        for each in seen:  # which grows meanwhile
            known = self._known.get(each)
            if known or any(isinstance(note, Use) for note in self._notes(*each)) or self._hands_on(*each):
                self._known[code, binding] = True
                return True
            if known is None:
                seen += [inner for call in self._calls(*each) if (inner := (call.code, call.binding)) not in seen]
        self._known.update(dict.fromkeys(seen, False))
        return False

    def _hands_on(self, code: Code, binding: Binding) -> bool:
        return any(call.given is Given.VALUE and not call.is_property for call in self._calls(code, binding))


def _label(code: Code) -> str:
    if isinstance(code, FunctionCode) and code.owner is not None:
        return f"{code.owner.name}.{code.name}"
    return code.name


def measure(source: Source, entry: str, values: Sequence[str]) -> Trip:
    """Follow `values` from the function `entry`, as `package.module:function`, through a package.

    A value is named by a parameter of the entry, or by its class: then what the entry is given holds it, or it is made there.
    """
    module, _, name = entry.partition(":")
    code = _find(source, module, name)
    parameters = {each.arg: source.annotated(each.annotation, code.module, code.owner) for each in code.parameters}
    if code.owner is not None:
        parameters[code.positional[0].arg] = Instance(code.owner)
    classes = frozenset(cls for value in values for cls in _classes(source, value, parameters))
    value = Value(source, classes)
    given = {name: kind for name, kind in parameters.items() if name in values} or parameters
    binding = tuple((name, value.follow(kind)) for name, kind in sorted(given.items()) if value.concerns(kind))
    walk = Walk(Program(source, value, making=not binding))
    walk.enter(code, binding)
    return Trip(tuple(_entries(walk.steps)), tuple(walk.lost))


def _find(source: Source, module: str, name: str) -> FunctionCode:
    home = source.modules[module]
    cls, _, method = name.rpartition(".")
    return home.classes[cls].methods[method] if cls else home.functions[name]


def _classes(source: Source, value: str, parameters: dict[str, Kind]) -> list[ClassCode]:
    if value in parameters:
        return [part.cls for part in parts(parameters[value]) if isinstance(part, Instance)]
    found = [each for each in source.classes() if each.name == value]
    if not found:
        raise LookupError(f"{value!r} is neither a parameter of the entry nor a class of {source.package}")
    return found


def _entries(steps: Sequence[tuple[str, str]]) -> Iterator[Entry]:
    before, entered = "", set()
    for file, function in steps:
        if file != before:
            yield Entry(file, function, file in entered)
        entered.add(file)
        before = file
