"""One word, one thing; and no role is told by its name. What does not hold yet is listed, and the lists only get shorter."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parent.parent / "src"
ROLES = ("worker", "reviewer")
TELLING = ("startswith", "endswith")
EVERYWHERE = ("__init__", "__main__")  # names that Python gives

# The module -> how often it tells a role by its name. Access and answer are what to ask for.
TELLS_ROLES: dict[str, int] = {}
# The name -> how many classes, or modules, have it.
CLASSES: dict[str, int] = {}
MODULES = {
    "around": 2,
    "check": 2,
    "config": 2,
    "delivery": 2,
    "documents": 2,
    "environment": 2,
    "history": 2,
    "own_folders": 2,
    "request": 2,
    "review": 2,
    "run": 3,
    "summary": 2,
    "task": 2,
    "tree": 2,
    "versions": 3,
    "work": 2,
}


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def is_role(node: ast.expr) -> bool:
    """Whether an expression is called a role: `role`, `order.role`, `other_role`."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name == "role" or name.endswith("_role")


def names(node: ast.AST) -> bool:
    """Whether a role's name stands there, alone or in a list of them: "worker", WORKER, ("worker", "planner")."""
    match node:
        case ast.Constant(value=str(text)):
            return text in ROLES
        case ast.Name(name) | ast.Attribute(attr=name):
            return name.isupper() and name.lower() in ROLES
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return any(map(names, items))
    return False


def is_written(node: ast.AST) -> bool:
    """Whether something is one text, or a list of texts, whoever may be meant."""
    match node:
        case ast.Constant(value=str()):
            return True
        case ast.Name(name) | ast.Attribute(attr=name):
            return name.isupper() and not name.endswith("S")  # a constant; one in the plural is all there are
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return any(map(is_written, items))
    return False


def told_roles(path: Path) -> Iterator[str]:
    """Yield each place where a role is told by its name."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                told = any(map(names, sides)) or (any(map(is_role, sides)) and any(map(is_written, sides)))
            case ast.Call(func=ast.Attribute(value=owner, attr=method), args=args) if method in TELLING:
                told = is_role(owner) and any(map(is_written, args))
            case ast.Match(subject=subject, cases=cases):
                patterns = [
                    each for case in cases for each in ast.walk(case.pattern) if isinstance(each, ast.MatchValue)
                ]
                told = bool(patterns) and (is_role(subject) or any(names(each.value) for each in patterns))
            case _:
                told = False
        if told:
            yield f"{path}:{getattr(node, 'lineno', 0)}"


def classes(folder: Path) -> Iterator[str]:
    for path in modules(folder):
        yield from (node.name for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.ClassDef))


def module_names(folder: Path) -> Iterator[str]:
    return (path.stem for path in modules(folder) if path.stem not in EVERYWHERE)


def doubles(found: Iterable[str]) -> dict[str, int]:
    return {name: times for name, times in sorted(Counter(found).items()) if times > 1}


def changed(found: dict[str, int], known: dict[str, int]) -> dict[str, str]:
    """Return what is not as listed: more is a fault, and what has become less has to be listed as less."""
    both = sorted(found.keys() | known.keys())
    counts = {name: (known.get(name, 0), found.get(name, 0)) for name in both}
    return {name: f"listed {listed}, found {there}" for name, (listed, there) in counts.items() if listed != there}


def test_no_role_is_told_by_its_name():
    found = {path.relative_to(SRC).as_posix(): len([*told_roles(path)]) for path in modules(SRC)}
    assert changed({name: times for name, times in found.items() if times}, TELLS_ROLES) == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('order.role == "worker"', True),
        ('"reviewer" != role', True),
        ("role == WORKER", True),
        ("role is config.REVIEWER", True),
        ('role in ("worker", "planner")', True),
        ('role not in {"planner"}', True),
        ('"worker" in people', True),
        ('who == "reviewer"', True),
        ("role == PLANNER", True),
        ('role.startswith("review")', True),
        ('match role:\n    case "planner": pass', True),
        ('match who:\n    case "worker" | "other": pass', True),
        ("role == other.role", False),
        ("role in ROLES", False),
        ("role in people", False),
        ("role in (None, each.role)", False),
        ('role = "worker"', False),
        ('name == "planner"', False),
        ('match who:\n    case "other": pass', False),
        ("access is Access.WRITE", False),
    ],
)
def test_a_role_that_is_told_by_its_name_is_seen(tmp_path: Path, line: str, told: bool):
    module = tmp_path / "module.py"
    module.write_text(line, encoding="utf-8")
    assert len([*told_roles(module)]) == told


def test_a_name_stands_for_one_class():
    assert changed(doubles(classes(SRC)), CLASSES) == {}


def test_a_name_stands_for_one_module():
    assert changed(doubles(module_names(SRC)), MODULES) == {}


def test_a_name_that_stands_for_two_things_is_seen(tmp_path: Path):
    for name, text in (("a/one.py", "class A: ..."), ("b/one.py", "class B:\n    class A: ..."), ("b/__init__.py", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "a/__init__.py").touch()
    assert doubles(classes(tmp_path)) == {"A": 2}
    assert doubles(module_names(tmp_path)) == {"one": 2}


def test_a_list_may_only_get_shorter():
    assert changed({"A": 2}, {"A": 2}) == {}
    assert changed({"A": 3, "B": 2}, {"A": 2}) == {"A": "listed 2, found 3", "B": "listed 0, found 2"}
    assert changed({"A": 2}, {"A": 3, "B": 2}) == {"A": "listed 3, found 2", "B": "listed 2, found 0"}
