"""What comes of a call, when it is known what is called and what it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.support.trip.kinds import (
    OUTSIDE,
    UNKNOWN,
    Class,
    Copying,
    Each,
    Field,
    Fixed,
    Function,
    Instance,
    Kind,
    Table,
    Variable,
    changed,
    either,
    is_followed,
    item_of,
    options,
    tells,
)
from tests.support.trip.modules import ClassCode, FunctionCode
from tests.support.trip.notes import Binding, Call, Code, Given, Lost, Notes, Use
from tests.support.trip.source import Source
from tests.support.trip.value import Value

# Functions that return what they are given, or a container of its items, or one of its items.
_SAME = {"dict", "copy", "deepcopy", "MappingProxyType", "nullcontext"}
_CONTAINERS = {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "filter", "chain", "deque"}
_ITEMS = {"next", "max", "min", "enter_context"}


@dataclass
class Arguments:
    """`rest` is what a starred argument holds, for every parameter that nothing else is given to."""

    positional: list[Kind] = field(default_factory=list)
    named: dict[str, Kind] = field(default_factory=dict)
    rest: Kind | None = None

    def all(self) -> list[Kind]:
        return [*self.positional, *self.named.values(), *([] if self.rest is None else [self.rest])]

    def bound(self, code: FunctionCode, owner: Kind | None) -> dict[str, Kind]:
        """Return what each parameter is given."""
        given = list(self.positional) if owner is None else [owner, *self.positional]
        names = [each.arg for each in code.positional]
        found = dict(zip(names, given, strict=False))
        if code.node.args.vararg is not None and len(given) > len(names):
            found[code.node.args.vararg.arg] = Each(either(*given[len(names) :]))
        known = {each.arg for each in code.parameters}
        found |= {name: kind for name, kind in self.named.items() if name in known}
        others = [kind for name, kind in self.named.items() if name not in known]
        if code.node.args.kwarg is not None and others:
            found[code.node.args.kwarg.arg] = Table(either(*others))
        if self.rest is not None:
            found = dict.fromkeys(names, self.rest) | found
        return found


class Calling:
    """Resolves calls and notes them. With `making`, a call that makes the value counts as well."""

    def __init__(self, source: Source, value: Value, notes: Notes, *, making: bool) -> None:
        self.source, self.value, self.notes, self.making = source, value, notes, making

    def given(self, kinds: Iterable[Kind]) -> Given:
        kinds = list(kinds)
        if any(map(self.value.is_followed_in, kinds)):
            return Given.VALUE
        return Given.HOLDER if is_followed(kinds) else Given.NOTHING

    def call(self, callee: Kind, args: Arguments, node: ast.AST, name: str = "") -> Kind:
        """Return what a call of `callee` returns; `name` is what it is called by."""
        for each in args.all():
            self._pass_on(each)
        return either(*(self._call(option, args, node, name) for option in options(callee)))

    def _call(self, callee: Kind, args: Arguments, node: ast.AST, name: str) -> Kind:
        match callee:
            case Function(code, owner):
                return self.function(code, owner, args)
            case Class(cls):
                return self._construct(cls, args)
            case Copying(name=copying) if args.positional:
                return self._copy(copying, args, node)
            case Field(cls, field_name):
                codes, owner = [*self.source.given_for(cls, field_name)], None
            case Instance(cls):
                codes, owner = self.source.implementations(cls, "__call__"), callee
            case _:
                codes, owner = [], None
        if callee == OUTSIDE:
            return self._outside(name, args, node)
        if not codes and is_followed(args.all()):
            self.notes.add(Lost(getattr(node, "lineno", 0), ast.unparse(node)))
        return either(*(self.function(code, owner, args) for code in codes)) if codes else UNKNOWN

    def note(self, code: Code, binding: Mapping[str, Kind], given: Given, *, is_property: bool = False) -> None:
        if given or self.making:
            telling: Binding = tuple((name, kind) for name, kind in sorted(binding.items()) if tells(kind))
            self.notes.add(Call(code, telling, given, is_property))

    def function(self, code: FunctionCode, owner: Kind | None, args: Arguments, *, is_property: bool = False) -> Kind:
        """Note a call of a function and return what it returns; what is nested has been read where it is defined."""
        bound = args.bound(code, owner)
        given = self.given([*bound.values(), *args.all()])
        if not code.nested:
            self.note(code, bound, given, is_property=is_property)
        return self._returned(code, bound, bool(given) or code.nested)

    def _returned(self, code: FunctionCode, bound: Mapping[str, Kind], followed: bool) -> Kind:
        if isinstance(code.node, ast.Lambda):
            return UNKNOWN
        own = bound[code.positional[0].arg] if code.owner is not None and code.positional and bound else None
        cls = own.cls if isinstance(own, Instance | Class) else code.owner
        kind = self.source.annotated(code.node.returns, code.module, cls)
        known: dict[str, Kind] = {}
        for parameter in code.parameters:
            if parameter.arg in bound:
                pattern = self.source.annotated(parameter.annotation, code.module, cls)
                known |= _variables(pattern, bound[parameter.arg])
        kind = changed(kind, lambda part: known.get(part.name, UNKNOWN) if isinstance(part, Variable) else part)
        return self._result(kind, followed)

    def _result(self, kind: Kind, followed: bool) -> Kind:
        """Follow what comes back from a call that was given the value, or that makes it."""
        if followed:
            return self.value.follow(kind)
        if self.making and self.value.is_in(kind):
            self.notes.add(Use())
            return self.value.follow(kind)
        return kind

    def _construct(self, cls: ClassCode, args: Arguments) -> Kind:
        made_here = self.making and cls in self.value.classes
        given = Given.VALUE if made_here else self.given(args.all())
        init = self.source.method(cls, "__init__")
        bound = {} if init is None else args.bound(init, Instance(cls))
        result = self._result(Instance(cls, given=self._functions(cls, args)), bool(given))
        self.note(cls, {**bound, "self": result}, given)
        return result

    def _functions(self, cls: ClassCode, args: Arguments) -> tuple[tuple[str, Function], ...] | None:
        """Return the functions that the fields of a new object hold, None where a field may hold what nobody sees."""
        if args.rest is not None or self.source.method(cls, "__init__") is not None:
            return None
        names = [name for each in reversed(self.source.lineage(cls)) for name in each.fields]
        found = dict(zip(names, args.positional, strict=False)) | args.named
        defaults = {name: code for name in names if name not in found and (code := self.source.default(cls, name))}
        functions = {name: kind for name, kind in found.items() if isinstance(kind, Function)}
        return tuple(sorted(({name: Function(code) for name, code in defaults.items()} | functions).items(), key=_name))

    def _copy(self, name: str, args: Arguments, node: ast.AST) -> Kind:
        first, *others = args.positional
        if name == "partial":
            self.call(first, Arguments(others, args.named, args.rest), node)
            return first
        return self.value.follow(first) if is_followed(args.named.values()) else first

    def _pass_on(self, kind: Kind) -> None:
        """Note that a method of the value or of its holder is handed on, for somebody to call."""
        for option in options(kind):
            if isinstance(option, Function) and option.owner is not None and is_followed([option.owner]):
                self.function(option.code, option.owner, Arguments())

    def _outside(self, name: str, args: Arguments, node: ast.AST) -> Kind:
        """Return what a function of another package returns; one that it is given is called with what else it is given."""
        others = [each for each in args.all() if not isinstance(each, Function | Class)]
        items = [*map(item_of, others)]
        returned = [
            self.call(each, Arguments(items), node)
            for each in args.all()
            if isinstance(each, Class) or (isinstance(each, Function) and not each.code.nested)
        ]
        if name == "map":
            return Each(either(*returned, UNKNOWN))
        if not others:
            return OUTSIDE
        known: dict[str, Kind] = {
            **dict.fromkeys(_SAME, others[0]),
            **dict.fromkeys(_CONTAINERS, Each(either(*items))),
            **dict.fromkeys(_ITEMS, either(*items)),
            "enumerate": Each(Fixed((OUTSIDE, items[0]))),
            "zip": Each(Fixed(tuple(items))),
        }
        return known.get(name, OUTSIDE)


def _name(entry: tuple[str, Function]) -> str:
    return entry[0]


def _variables(pattern: Kind, given: Kind) -> dict[str, Kind]:
    """Return what the type variables of a parameter stand for when it is given this."""
    match pattern, given:
        case Variable(name, of_class=True), Class(cls):
            return {name: Instance(cls)}
        case Variable(name), _:
            return {name: given}
        case ((Each(inner) | Table(inner)), _):
            return _variables(inner, item_of(given))
        case Fixed(inner), Fixed(items):
            return {
                name: kind
                for one, two in zip(inner, items, strict=False)
                for name, kind in _variables(one, two).items()
            }
    return {}
