"""What a name stands for in a package, and what an annotation says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from tests.support.trip.kinds import (
    CALLBACK,
    OUTSIDE,
    UNKNOWN,
    Class,
    Copying,
    Each,
    Fixed,
    Function,
    Instance,
    Kind,
    Module,
    Table,
    Variable,
    either,
)
from tests.support.trip.modules import ClassCode, ModuleCode, last_name

LEFT_OUT = ("values",)  # folders of the package that no trip enters
_COPYING = {("dataclasses", "replace"), ("copy", "replace"), ("functools", "partial")}
_TRANSPARENT = {"Annotated", "ClassVar", "Final", "Optional", "Required", "NotRequired", "Awaitable"}
_MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict", "ChainMap"}
_SAYING_NOTHING: dict[str, Kind] = {"Any": UNKNOWN, "object": UNKNOWN, "Callable": CALLBACK}

# A constant is named by its module and its name: whoever wants to know what it stands for has to read its value.
Found: TypeAlias = Kind | tuple[ModuleCode, str] | None


class Names:
    """The package `package` in the folder `src`."""

    def __init__(self, src: Path, package: str) -> None:
        self.package = package
        self.modules: dict[str, ModuleCode] = {}
        for path in sorted((src / package).rglob("*.py")):
            inner = path.relative_to(src / package)
            name = ".".join([package, *inner.with_suffix("").parts]).removesuffix(".__init__")
            self.modules[name] = ModuleCode(name, inner.as_posix(), path.read_text(encoding="utf-8"))
        self._folders = {name.rpartition(".")[0] for name in self.modules}

    def classes(self) -> Iterator[ClassCode]:
        for module in self.modules.values():
            yield from module.classes.values()

    def imported(self, module: str, name: str) -> Found:
        """Return what an import binds."""
        top, *inner = module.split(".")
        inside, left_out = top == self.package, inner[:1] and inner[0] in LEFT_OUT
        if (module, name) in _COPYING or (inside and left_out and name == "replace"):
            return Copying(name)
        if not inside or left_out:
            return OUTSIDE
        return self.symbol(module, name) or UNKNOWN if name else Module(module)

    def symbol(self, module: str, name: str) -> Found:
        """Return what a module calls `name`, None when it has no such name."""
        code = self.modules.get(module)
        if code is not None:
            if name in code.functions:
                return Function(code.functions[name])
            if name in code.classes:
                return Class(code.classes[name])
            if name in code.imports:
                return self.imported(*code.imports[name])
            if name in code.constants or name in code.annotations:
                return code, name
        inner = f"{module}.{name}"
        return Module(inner) if inner in self.modules or inner in self._folders else None

    def named(self, node: ast.expr, module: ModuleCode) -> Found:
        """Return what a name or a dotted name stands for in a module, outside of any function."""
        match node:
            case ast.Name(name):
                return self.symbol(module.name, name)
            case ast.Attribute(value=value, attr=attr):
                above = self.named(value, module)
                return (
                    self.symbol(above.name, attr)
                    if isinstance(above, Module)
                    else OUTSIDE
                    if above == OUTSIDE
                    else None
                )
        return None

    def annotated(self, node: ast.expr | None, module: ModuleCode, cls: ClassCode | None = None) -> Kind:
        """Return what an annotation says; `cls` is `Self`."""
        match node:
            case ast.Constant(value=str(text)):
                return self.annotated(ast.parse(text, mode="eval").body, module, cls)
            case ast.BinOp(left=left, right=right):
                return either(self.annotated(left, module, cls), self.annotated(right, module, cls))
            case ast.Subscript(value=base, slice=inner):
                found = self._plain(base, module, cls)
                inners = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return self._subscript(last_name(base), inners, module, cls) if found == OUTSIDE else found
            case ast.Name() | ast.Attribute():
                return self._plain(node, module, cls)
        return OUTSIDE if isinstance(node, ast.Constant) else UNKNOWN

    def _plain(self, node: ast.expr, module: ModuleCode, cls: ClassCode | None) -> Kind:
        match self.named(node, module):
            case Class(found):
                return Instance(found)
            case ModuleCode() as home, str(name):
                value = home.constants.get(name)
                is_variable = isinstance(value, ast.Call) and last_name(value) == "TypeVar"
                return Variable(name) if is_variable else self.annotated(value, home, cls)
        name = last_name(node)
        return Instance(cls) if name == "Self" and cls is not None else _SAYING_NOTHING.get(name, OUTSIDE)

    def _subscript(self, name: str, inner: list[ast.expr], module: ModuleCode, cls: ClassCode | None) -> Kind:
        if name == "Literal":
            return OUTSIDE
        if name in _TRANSPARENT:
            return self.annotated(inner[0], module, cls)
        telling = [each for each in inner if not (isinstance(each, ast.Constant) and each.value is ...)]
        args = [self.annotated(each, module, cls) for each in telling]
        if name == "Union":
            return either(*args)
        if name in ("tuple", "Tuple") and len(args) == len(inner):
            return Fixed(tuple(args))
        if name in ("type", "Type"):
            return _class_of(args[0])
        return Table(args[-1]) if name in _MAPPINGS else Each(args[0])


def _class_of(kind: Kind) -> Kind:
    match kind:
        case Instance(cls):
            return Class(cls)
        case Variable(name):
            return Variable(name, of_class=True)
    return UNKNOWN
