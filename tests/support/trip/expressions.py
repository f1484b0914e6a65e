"""What the expressions of one function stand for, read in the order in which Python evaluates them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tests.support.trip.calls import Arguments, Calling
from tests.support.trip.kinds import (
    OUTSIDE,
    UNKNOWN,
    Class,
    Each,
    Field,
    Fixed,
    Function,
    Instance,
    Kind,
    Module,
    Plain,
    Table,
    either,
    is_followed,
    item_of,
    options,
    part_of,
)
from tests.support.trip.modules import ClassCode, FunctionCode, ModuleCode
from tests.support.trip.names import Found
from tests.support.trip.notes import Notes, Use
from tests.support.trip.source import Source
from tests.support.trip.value import Value

_ADDING = {"append", "add", "insert", "extend", "appendleft", "setdefault"}
_TAKING = {"get", "pop", "popleft", "setdefault"}
_PROPERTIES = {"property", "cached_property"}


class Program:
    """What is read and what is followed in it. `making`: see `Calling`."""

    def __init__(self, source: Source, value: Value, *, making: bool) -> None:
        self.source, self.value, self.making = source, value, making
        self._constants: dict[tuple[str, str], Kind] = {}

    def known(self, found: Found) -> Kind | None:
        """Return what was found, and for a constant what its value is, which says more than its annotation."""
        if not isinstance(found, tuple):
            return found
        module, name = found
        key = module.name, name
        if key not in self._constants:
            self._constants[key] = UNKNOWN  # while it is read: one that names itself
            said = self.source.annotated(module.annotations.get(name), module)
            value = module.constants.get(name)
            read = UNKNOWN if value is None else Expressions(self, module, None).kind(value)
            self._constants[key] = said if isinstance(read, Plain) and said != UNKNOWN else read
        return self._constants[key]


class Expressions:
    """`within` is the class whose method is read; `names` are the local ones."""

    def __init__(self, program: Program, module: ModuleCode, within: ClassCode | None) -> None:
        self.program, self.source, self.value = program, program.source, program.value
        self.module, self.within = module, within
        self.notes = Notes()
        self.calling = Calling(program.source, program.value, self.notes, making=program.making)
        self.names: dict[str, Kind] = {}

    @contextmanager
    def scope(self) -> Iterator[None]:
        outer, self.names = self.names, dict(self.names)
        try:
            yield
        finally:
            self.names = outer

    def kind(self, node: ast.AST) -> Kind:
        read: Callable[[ast.AST], Kind] = getattr(self, f"read_{type(node).__name__.lower()}", self._read_all)
        return read(node)

    def kinds(self, nodes: Iterable[ast.AST | None]) -> list[Kind]:
        return [self.kind(node) for node in nodes if node is not None]

    def _read_all(self, node: ast.AST) -> Kind:
        """Read whatever stands in it."""
        self.kinds(ast.iter_child_nodes(node))
        return OUTSIDE

    def read_name(self, node: ast.Name) -> Kind:
        if node.id in self.names:
            return self.names[node.id]
        found = self.program.known(self.source.symbol(self.module.name, node.id))
        return found or (OUTSIDE if hasattr(builtins, node.id) else UNKNOWN)

    def read_attribute(self, node: ast.Attribute) -> Kind:
        return self.attribute(self.kind(node.value), node.attr)

    def read_tuple(self, node: ast.Tuple) -> Kind:
        if any(isinstance(each, ast.Starred) for each in node.elts):
            return self._several(node)
        return Fixed(tuple(self.kinds(node.elts)))

    def _several(self, node: ast.Tuple | ast.List | ast.Set) -> Kind:
        pairs = zip(node.elts, self.kinds(node.elts), strict=True)
        found = [item_of(kind) if isinstance(each, ast.Starred) else kind for each, kind in pairs]
        return Each(either(*found) if found else UNKNOWN)

    read_list = read_set = _several

    def read_dict(self, node: ast.Dict) -> Kind:
        self.kinds(node.keys)
        pairs = zip(node.keys, self.kinds(node.values), strict=True)
        found = [part_of(kind, None) if key is None else kind for key, kind in pairs]
        return Table(either(*found) if found else UNKNOWN)

    def read_subscript(self, node: ast.Subscript) -> Kind:
        kind = self.kind(node.value)
        self.kind(node.slice)
        match node.slice:
            case _ if isinstance(kind, Class):  # a generic class with its arguments
                return kind
            case ast.Constant(value=int(number)):
                return part_of(kind, number)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
                return part_of(kind, -number)
            case ast.Slice():
                return Each(item_of(kind))
        return part_of(kind, None)

    def read_ifexp(self, node: ast.IfExp) -> Kind:
        self.kind(node.test)
        return either(*self.kinds([node.body, node.orelse]))

    def read_boolop(self, node: ast.BoolOp) -> Kind:
        return either(*self.kinds(node.values))

    def read_binop(self, node: ast.BinOp) -> Kind:
        found = [each for each in self.kinds([node.left, node.right]) if isinstance(each, Each | Table)]
        return either(*found) if found else OUTSIDE

    def read_namedexpr(self, node: ast.NamedExpr) -> Kind:
        kind = self.kind(node.value)
        self.bind(node.target, kind)
        return kind

    def read_lambda(self, node: ast.Lambda) -> Kind:
        code = self.source.anonymous(self.module, node)
        if code.nested:
            with self.scope():
                self.names.update(self.parameters(code))
                self.kind(node.body)
        return Function(code)

    def read_starred(self, node: ast.Starred | ast.Await | ast.YieldFrom) -> Kind:
        return self.kind(node.value)

    read_await = read_yieldfrom = read_starred

    def _made(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Kind:
        return Each(self._comprehension(node.generators, node.elt))

    read_listcomp = read_setcomp = read_generatorexp = _made

    def read_dictcomp(self, node: ast.DictComp) -> Kind:
        return Table(self._comprehension(node.generators, node.key, node.value))

    def _comprehension(self, generators: list[ast.comprehension], *made: ast.expr) -> Kind:
        with self.scope():
            for each in generators:
                self.bind(each.target, item_of(self.kind(each.iter)))
                self.kinds(each.ifs)
            return self.kinds(made)[-1]

    def read_call(self, node: ast.Call) -> Kind:
        match node.func:
            case ast.Name("super"):
                above = () if self.within is None else self.source.lineage(self.within)[1:2]
                return Instance(above[0], is_followed([self.names.get("self", UNKNOWN)])) if above else OUTSIDE
            case ast.Name("cast") if len(node.args) == 2:
                said = self.source.annotated(node.args[0], self.module, self.within)
                return self.value.follow(said) if is_followed([self.kind(node.args[1])]) else said
            case ast.Attribute(value=holder, attr=name):
                owner = self.kind(holder)
                if any(isinstance(option, Each | Table | Fixed) for option in options(owner)):
                    return self._of_container(holder, owner, name, self._arguments(node))
                callee = self.attribute(owner, name)
            case _:
                callee, name = self.kind(node.func), node.func.id if isinstance(node.func, ast.Name) else ""
        return self.calling.call(callee, self._arguments(node), node, name)

    def _arguments(self, node: ast.Call) -> Arguments:
        args = Arguments()
        for each in node.args:
            match each, self.kind(each):
                case ast.Starred(), Fixed(items):
                    args.positional += items
                case ast.Starred(), kind:
                    args.rest = item_of(kind)
                case _, kind:
                    args.positional.append(kind)
        for keyword in node.keywords:
            kind = self.kind(keyword.value)
            if keyword.arg is None:
                args.rest = part_of(kind, None)
            else:
                args.named[keyword.arg] = kind
        return args

    def _of_container(self, holder: ast.expr, owner: Kind, name: str, args: Arguments) -> Kind:
        """Return what a method of a list, a dict or the like returns; one that keeps the value keeps it by its name."""
        if name in _ADDING and isinstance(holder, ast.Name) and is_followed(args.all()):
            self.names[holder.id] = Each(either(item_of(owner), *args.all()))
        if name in ("items", "values"):
            item = part_of(owner, None)
            return Each(item if name == "values" else Fixed((OUTSIDE, item)))
        if name in _TAKING:
            return either(part_of(owner, None), *args.positional[1:])
        return owner if name == "copy" else OUTSIDE

    def attribute(self, owner: Kind, name: str) -> Kind:
        return either(*(self._attribute(option, name) for option in options(owner)))

    def _attribute(self, owner: Kind, name: str) -> Kind:
        match owner:
            case Module(module):
                return self.program.known(self.source.symbol(module, name)) or UNKNOWN
            case Instance():
                return self._of_instance(owner, name)
            case Class(cls):
                return self._of_class(cls, name)
        return OUTSIDE if owner == OUTSIDE else UNKNOWN

    def _of_class(self, cls: ClassCode, name: str) -> Kind:
        code = self.source.method(cls, name)
        if code is not None:
            return Function(code, Class(cls) if "classmethod" in code.decorators else None)
        if any(base.endswith("Enum") for each in self.source.lineage(cls) for base in each.base_names):
            return Instance(cls)
        return self.source.field(cls, name) or OUTSIDE

    def _of_instance(self, owner: Instance, name: str) -> Kind:
        codes = self.source.implementations(owner.cls, name)
        if any(code.decorators & _PROPERTIES for code in codes):
            return either(*(self.calling.function(code, owner, Arguments(), is_property=True) for code in codes))
        if codes:
            return either(*(_method(code, owner) for code in codes))
        kind = self.source.field(owner.cls, name)
        if isinstance(kind, Field) and owner.given is not None:
            return dict(owner.given).get(name, kind)
        if kind is None:  # it comes from a base outside, or nobody knows from where
            return UNKNOWN if owner.followed else OUTSIDE
        if not owner.followed:
            return kind
        if self.value.is_in(kind):
            self.notes.add(Use())
        return self.value.follow(kind)

    def parameters(self, code: FunctionCode) -> dict[str, Kind]:
        """Return the parameters of a function as annotated; a nested one is given the value wherever it takes one."""
        found = {each.arg: self.source.annotated(each.annotation, code.module, code.owner) for each in code.parameters}
        arguments = code.node.args
        if arguments.vararg is not None:
            found[arguments.vararg.arg] = Each(found[arguments.vararg.arg])
        if arguments.kwarg is not None:
            found[arguments.kwarg.arg] = Table(found[arguments.kwarg.arg])
        if code.owner is not None and code.positional and "staticmethod" not in code.decorators:
            own = Class(code.owner) if "classmethod" in code.decorators else Instance(code.owner)
            found[code.positional[0].arg] = own
        return {name: self.value.follow(kind) for name, kind in found.items()} if code.nested else found

    def bind(self, target: ast.expr, kind: Kind) -> None:
        match target:
            case ast.Name(name):
                self.names[name] = kind
            case ast.Starred(value=inner):
                self.bind(inner, Each(item_of(kind)))
            case ast.Tuple(elts=items) | ast.List(elts=items):
                self._unpack(items, kind)
            case ast.Subscript(value=ast.Name(name)) if is_followed([kind]):
                self.names[name] = Table(either(part_of(self.names.get(name, UNKNOWN), None), kind))
            case _:
                self.kind(target)  # to set it is to use it

    def _unpack(self, items: list[ast.expr], kind: Kind) -> None:
        behind = False
        for number, each in enumerate(items):
            if isinstance(each, ast.Starred):
                behind = True
                self.bind(each, kind)
            else:
                self.bind(each, self.unpacked(kind, number - len(items) if behind else number))

    def unpacked(self, kind: Kind, number: int) -> Kind:
        match kind:
            case Instance(cls) if "NamedTuple" in cls.base_names:
                fields = list(cls.fields)
                return self.attribute(kind, fields[number]) if -len(fields) <= number < len(fields) else UNKNOWN
        return part_of(kind, number)


def _method(code: FunctionCode, owner: Instance) -> Function:
    if "staticmethod" in code.decorators:
        return Function(code)
    return Function(code, Class(owner.cls) if "classmethod" in code.decorators else owner)
