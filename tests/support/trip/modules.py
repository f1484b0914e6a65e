"""The text of a package: its modules, classes and functions."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TypeAlias

Callee: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_CALLEES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class ModuleCode:
    """A module; `file` is relative to the package. `imports` says for a name the module and the name there, "" for itself."""

    def __init__(self, name: str, file: str, text: str) -> None:
        self.name, self.file, self.tree = name, file, ast.parse(text)
        self.functions: dict[str, FunctionCode] = {}
        self.classes: dict[str, ClassCode] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.constants: dict[str, ast.expr] = {}
        self.annotations: dict[str, ast.expr] = {}
        self._take(self.tree.body)

    def _take(self, body: list[ast.stmt]) -> None:
        for node in body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.functions[node.name] = FunctionCode(self, node.name, node)
                case ast.ClassDef():
                    self.classes[node.name] = ClassCode(self, node)
                case ast.Import() | ast.ImportFrom():
                    self.imports.update(self.imported(node))
                case ast.Assign(targets=[ast.Name(name)], value=value):
                    self.constants[name] = value
                case ast.AnnAssign(target=ast.Name(name), annotation=annotation, value=value):
                    self.annotations[name] = annotation
                    self.constants |= {} if value is None else {name: value}
                case ast.If() | ast.Try():
                    self._take([*node.body, *node.orelse])

    def imported(self, node: ast.Import | ast.ImportFrom) -> dict[str, tuple[str, str]]:
        """Return what an import binds, in the form of `imports`."""
        if isinstance(node, ast.Import):
            tops = [each.name if each.asname else each.name.partition(".")[0] for each in node.names]
            return {each.asname or top: (top, "") for each, top in zip(node.names, tops, strict=True)}
        base = node.module or ""
        if node.level:
            parents = self.name.split(".")
            above = parents[: len(parents) - node.level + self.file.endswith("__init__.py")]
            base = ".".join([*above, base] if base else above)
        return {each.asname or each.name: (base, each.name) for each in node.names}

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and last_name(node.func)]

    @cached_property
    def nested(self) -> set[ast.AST]:
        """What is defined within a function."""
        outer = [node for node in ast.walk(self.tree) if isinstance(node, _CALLEES)]
        return {node for each in outer for node in ast.walk(each) if node is not each and isinstance(node, _CALLEES)}


class ClassCode:
    def __init__(self, module: ModuleCode, node: ast.ClassDef) -> None:
        self.module, self.name, self.node = module, node.name, node
        self.methods: dict[str, FunctionCode] = {}
        self.fields: dict[str, ast.expr] = {}
        self.defaults: dict[str, ast.expr] = {}
        for each in node.body:
            match each:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.methods[each.name] = FunctionCode(module, each.name, each, self)
                case ast.AnnAssign(target=ast.Name(name), annotation=annotation, value=value):
                    self.fields[name] = annotation
                    self.defaults |= {} if value is None else {name: value}

    @cached_property
    def base_names(self) -> set[str]:
        return {last_name(base) for base in self.node.bases}

    @property
    def is_protocol(self) -> bool:
        return "Protocol" in self.base_names


class FunctionCode:
    """A function, a method of `owner`, or a lambda; one that is `nested` in another sees its names."""

    def __init__(
        self, module: ModuleCode, name: str, node: Callee, owner: ClassCode | None = None, *, nested: bool = False
    ) -> None:
        self.module, self.name, self.node, self.owner, self.nested = module, name, node, owner, nested

    @cached_property
    def decorators(self) -> set[str]:
        return set() if isinstance(self.node, ast.Lambda) else {last_name(each) for each in self.node.decorator_list}

    @cached_property
    def positional(self) -> list[ast.arg]:
        return [*self.node.args.posonlyargs, *self.node.args.args]

    @cached_property
    def parameters(self) -> list[ast.arg]:
        starred = (self.node.args.vararg, self.node.args.kwarg)
        return [*self.positional, *self.node.args.kwonlyargs, *(each for each in starred if each is not None)]

    @property
    def is_stub(self) -> bool:
        """Whether it only says what others do."""
        if isinstance(self.node, ast.Lambda):
            return False
        body = [
            each for each in self.node.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        ]
        return not body or (len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImpl" in ast.dump(body[0]))


def last_name(node: ast.expr) -> str:
    """Return the last word of a dotted name, of what is called or has an index; "" for anything else."""
    match node:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=inner) | ast.Call(func=inner):
            return last_name(inner)
    return ""
