"""A package's classes as a whole: their bases, their fields, and who implements what."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tests.support.trip.kinds import CALLBACK, UNKNOWN, Class, Field, Function, Instance, Kind, options
from tests.support.trip.modules import ClassCode, FunctionCode, ModuleCode, last_name
from tests.support.trip.names import Names


class Source(Names):
    @cache  # noqa: B019  (it lives as long as whoever counts)
    def lineage(self, cls: ClassCode) -> tuple[ClassCode, ...]:
        """Return a class and those of its bases that the package has."""
        bases = (base.value if isinstance(base, ast.Subscript) else base for base in cls.node.bases)
        above = (self.named(base, cls.module) for base in bases)
        return tuple(
            dict.fromkeys(
                [cls, *(each for base in above if isinstance(base, Class) for each in self.lineage(base.cls))]
            )
        )

    @cache  # noqa: B019  (same)
    def below(self, cls: ClassCode) -> tuple[ClassCode, ...]:
        """Return the classes derived from a class, and for a protocol those that have all it names."""
        wanted = {*cls.methods, *cls.fields} if cls.is_protocol else set()
        others = (each for each in self.classes() if each is not cls and not each.is_protocol)
        return tuple(each for each in others if cls in self.lineage(each) or (wanted and self._has(each, wanted)))

    def _has(self, cls: ClassCode, wanted: set[str]) -> bool:
        return wanted <= {name for each in self.lineage(cls) for name in (*each.methods, *each.fields)}

    def method(self, cls: ClassCode, name: str) -> FunctionCode | None:
        return next((each.methods[name] for each in self.lineage(cls) if name in each.methods), None)

    def implementations(self, cls: ClassCode, name: str) -> list[FunctionCode]:
        """Return every function that a call of this method may mean."""
        own = self.method(cls, name)
        others = [each.methods[name] for each in self.below(cls) if name in each.methods]
        found = [each for each in (own, *others) if each is not None]
        return list(dict.fromkeys([each for each in found if not each.is_stub] or found))

    @cache  # noqa: B019  (same)
    def fields(self, cls: ClassCode) -> dict[str, Kind]:
        """Return the kinds of a class's own fields: annotated in it, or set in its `__init__` to what that was given."""
        found = dict(self._set_in_init(cls.methods["__init__"], cls)) if "__init__" in cls.methods else {}
        return found | {name: self.annotated(node, cls.module, cls) for name, node in cls.fields.items()}

    def _set_in_init(self, init: FunctionCode, cls: ClassCode) -> Iterator[tuple[str, Kind]]:
        given = {each.arg: self.annotated(each.annotation, cls.module, cls) for each in init.parameters}
        for node in ast.walk(init.node):
            match node:
                case ast.AnnAssign(target=ast.Attribute(value=ast.Name("self"), attr=name), annotation=annotation):
                    yield name, self.annotated(annotation, cls.module, cls)
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                    for target, value in zip(targets, values, strict=False):
                        yield from self._set(target, value, given, cls)
                case ast.Assign(targets=[target], value=value):
                    yield from self._set(target, value, given, cls)

    def _set(
        self, target: ast.expr, value: ast.expr, given: dict[str, Kind], cls: ClassCode
    ) -> Iterator[tuple[str, Kind]]:
        match target, value:
            case ast.Attribute(value=ast.Name("self"), attr=name), ast.Name(parameter):
                yield name, given.get(parameter, UNKNOWN)
            case ast.Attribute(value=ast.Name("self"), attr=name), ast.Call(func=func):
                made = self.named(func, cls.module)
                yield name, Instance(made.cls) if isinstance(made, Class) else UNKNOWN

    def field(self, cls: ClassCode, name: str) -> Kind | None:
        """Return the kind of a field, None when a class has none of that name; a callable is whatever it was given."""
        for each in self.lineage(cls):
            found = self.fields(each).get(name)
            if found is not None:
                return Field(each, name) if CALLBACK in options(found) else found
        return None

    def default(self, cls: ClassCode, field: str) -> FunctionCode | None:
        """Return the function that a field holds when its constructor is given nothing for it."""
        nodes = [each.defaults[field] for each in self.lineage(cls) if field in each.defaults]
        return next(self._functions(nodes[:1], cls.module), None)

    @cache  # noqa: B019  (same)
    def given_for(self, cls: ClassCode, field: str) -> tuple[FunctionCode, ...]:
        """Return the functions that a field holds: what constructors anywhere are given for it, and its default.

        What is defined within a function is `nested`: it is read where it is defined.
        """
        fields = [name for each in reversed(self.lineage(cls)) for name in each.fields]
        default = self.default(cls, field)
        found = [] if default is None else [default]
        for module in self.modules.values():
            for node in module.calls:
                made = self.named(node.func, module)
                if isinstance(made, Class) and cls in self.lineage(made.cls):
                    named = [each.value for each in node.keywords if each.arg in (field, field.strip("_"))]
                    place = fields.index(field) if field in fields else len(node.args)
                    found += self._functions(named or node.args[place : place + 1], module)
        return tuple(dict.fromkeys(found))

    def _functions(self, nodes: list[ast.expr], module: ModuleCode) -> Iterator[FunctionCode]:
        for node in nodes:
            if isinstance(node, ast.Lambda):
                yield self.anonymous(module, node)
            elif isinstance(found := self.named(node, module), Function):
                yield found.code
            else:
                for each in module.nested:
                    if isinstance(each, ast.FunctionDef) and each.name == last_name(node):
                        yield FunctionCode(module, each.name, each, nested=True)

    @cache  # noqa: B019  (same)
    def anonymous(self, module: ModuleCode, node: ast.Lambda) -> FunctionCode:
        """Return the one function that a lambda is."""
        return FunctionCode(module, "<lambda>", node, nested=node in module.nested)
