"""Read one function as it is written: its statements one after the other, and of a branch each side."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tests.support.trip.calls import Arguments
from tests.support.trip.expressions import Expressions, Program
from tests.support.trip.kinds import OUTSIDE, UNKNOWN, Class, Function, Instance, Kind, Plain, either, item_of, options
from tests.support.trip.modules import ClassCode, FunctionCode
from tests.support.trip.notes import Binding, Code, Note


def read(program: Program, code: Code, binding: Binding) -> tuple[Note, ...]:
    """Return what a function brings to light when its parameters are given `binding`; of a class, how an object is made."""
    reading = Reading(program, code.module, code if isinstance(code, ClassCode) else code.owner)
    if isinstance(code, ClassCode):
        given = dict(binding)
        made = given.pop("self", Instance(code))
        for name in ("__init__", "__post_init__"):
            init = program.source.method(code, name)
            if init is not None:
                reading.calling.function(init, made, Arguments(named=given if name == "__init__" else {}))
    else:
        reading.names.update(reading.parameters(code))
        reading.names.update(binding)
        reading.function(code)
    return tuple(reading.notes.found)


class Reading(Expressions):
    """Reads statements as well; one that has no method here is read for its expressions."""

    def function(self, code: FunctionCode) -> None:
        self.kinds([code.node.body] if isinstance(code.node, ast.Lambda) else code.node.body)

    def read_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Kind:
        code = FunctionCode(self.module, node.name, node, nested=True)
        self.names[node.name] = Function(code)
        with self.scope():
            self.names.update(self.parameters(code))
            self.function(code)
        return OUTSIDE

    read_asyncfunctiondef = read_functiondef

    def read_classdef(self, node: ast.ClassDef) -> Kind:
        return OUTSIDE

    def read_assign(self, node: ast.Assign) -> Kind:
        kind = self.kind(node.value)
        for target in node.targets:
            self.bind(target, kind)
        return OUTSIDE

    def read_annassign(self, node: ast.AnnAssign) -> Kind:
        said = self.source.annotated(node.annotation, self.module, self.within)
        kind = UNKNOWN if node.value is None else self.kind(node.value)
        self.bind(node.target, said if isinstance(kind, Plain) else kind)
        return OUTSIDE

    def read_import(self, node: ast.Import | ast.ImportFrom) -> Kind:
        for name, (module, inner) in self.module.imported(node).items():
            self.names[name] = self.program.known(self.source.imported(module, inner)) or UNKNOWN
        return OUTSIDE

    read_importfrom = read_import

    def read_if(self, node: ast.If) -> Kind:
        self.kind(node.test)
        return self._branches(node.body, node.orelse)

    def read_for(self, node: ast.For | ast.AsyncFor) -> Kind:
        return self._loop(node, [node.iter], node.target)

    read_asyncfor = read_for

    def read_while(self, node: ast.While) -> Kind:
        return self._loop(node, [node.test])

    def _loop(
        self, node: ast.For | ast.AsyncFor | ast.While, begin: list[ast.expr], target: ast.expr | None = None
    ) -> Kind:
        """Read a loop as it is in a later turn, when it knows the names that were bound in an earlier one."""
        before = dict(self.names)

        def turn() -> None:
            kinds = self.kinds(begin)
            if target is not None:
                self.bind(target, item_of(kinds[0]))
            self.kinds(node.body)
            self.names = _joined(before, self.names)

        with self.notes.muted():
            turn()
        turn()
        self.kinds(node.orelse)
        return OUTSIDE

    def read_with(self, node: ast.With | ast.AsyncWith) -> Kind:
        left = [leave for item in node.items for leave in self._enter(item)]
        self.kinds(node.body)
        for function in left:
            self.calling.function(function.code, function.owner, Arguments())
        return OUTSIDE

    read_asyncwith = read_with

    def _enter(self, item: ast.withitem) -> list[Function]:
        """Bind what a context manager gives and return what is called when it is left."""
        entered: list[Kind] = []
        left: list[Function] = []
        for option in options(self.kind(item.context_expr)):
            codes = self.source.implementations(option.cls, "__enter__") if isinstance(option, Instance) else []
            entered += [self.calling.function(code, option, Arguments()) for code in codes] or [item_of(option)]
            if isinstance(option, Instance):
                left += [Function(code, option) for code in self.source.implementations(option.cls, "__exit__")]
        if item.optional_vars is not None:
            self.bind(item.optional_vars, either(*entered))
        return left

    def read_try(self, node: ast.Try) -> Kind:
        before = dict(self.names)
        self.kinds([*node.body, *node.orelse])
        self.names = _joined(before, self.names)
        self._branches([], *([handler] for handler in node.handlers))
        self.kinds(node.finalbody)
        return OUTSIDE

    def read_excepthandler(self, node: ast.ExceptHandler) -> Kind:
        caught = OUTSIDE if node.type is None else self.kind(node.type)
        if node.name is not None:
            self.names[node.name] = Instance(caught.cls) if isinstance(caught, Class) else OUTSIDE
        self.kinds(node.body)
        return OUTSIDE

    def read_match(self, node: ast.Match) -> Kind:
        self.subject = self.kind(node.subject)
        return self._branches([], *([case] for case in node.cases))

    def read_match_case(self, node: ast.match_case) -> Kind:
        subject = self.subject
        self._pattern(node.pattern, subject)
        self.kinds([node.guard, *node.body])
        self.subject = subject
        return OUTSIDE

    def _pattern(self, pattern: ast.pattern, subject: Kind) -> None:
        match pattern:
            case ast.MatchAs(pattern=inner, name=name):
                if inner is not None:
                    self._pattern(inner, subject)
                if name is not None:
                    self.names[name] = self._narrowed(inner, subject)
            case ast.MatchSequence(patterns=inners):
                for number, each in enumerate(inners):
                    self._pattern(each, self.unpacked(subject, number))
            case ast.MatchClass(kwd_attrs=names, kwd_patterns=inners):
                narrowed = self._narrowed(pattern, subject)
                for name, each in zip(names, inners, strict=True):
                    self._pattern(each, self.attribute(narrowed, name))
            case ast.MatchOr(patterns=inners):
                for each in inners:
                    self._pattern(each, subject)

    def _narrowed(self, pattern: ast.pattern | None, subject: Kind) -> Kind:
        found = self.kind(pattern.cls) if isinstance(pattern, ast.MatchClass) else UNKNOWN
        if isinstance(found, Class):
            return Instance(found.cls, any(isinstance(each, Instance) and each.followed for each in options(subject)))
        return subject

    def _branches(self, *bodies: Sequence[ast.AST]) -> Kind:
        before, after = self.names, []
        for body in bodies:
            self.names = dict(before)
            self.kinds(body)
            after.append(self.names)
        self.names = _joined(*after)
        return OUTSIDE


def _joined(*several: dict[str, Kind]) -> dict[str, Kind]:
    names = dict.fromkeys(name for each in several for name in each)
    return {name: either(*(each[name] for each in several if name in each)) for name in names}
