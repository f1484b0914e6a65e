"""Where code belongs: to the tree that is checked, to another tree of the same project, or to neither."""

import re
import tomllib
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from pathlib import Path
from typing import Self

from loop_kit.values import dataclass

_LIMIT = 1024 * 1024  # bytes of a file that describes a project
_UP = 4  # from code up to the root of its project: root/src/name/__init__.py
# A script is read, not run: a computed name is not found. Two searches, because a single pattern would try each pair.
_SETUP = re.compile(r"\bsetup\s*\(")
_NAME = re.compile(r"""\bname\s*=\s*(['"])([\w.-]+)\1""")


@dataclass(frozen=True, slots=True)
class Origin:
    """The tree that is checked, the person's tree, both resolved, and the name of the project."""

    tree: Path
    project_root: Path
    name: str

    @classmethod
    def of(cls, tree: Path, project_root: Path) -> Self:
        return cls(tree.resolve(), project_root.resolve(), project_name(tree))

    def is_foreign(self, path: Path) -> bool:
        """Tell whether code at `path` is the project's, but not this tree's: it is the person's, or of another clone."""
        try:
            place = path.resolve()
        except (OSError, RuntimeError, ValueError):  # a loop of links, an impossible name
            return False
        if place.is_relative_to(self.tree):
            return False
        if place.is_relative_to(self.project_root):
            return True
        return bool(self.name) and any(project_name(folder) == self.name for folder in (place, *place.parents)[:_UP])


def project_name(folder: Path) -> str:
    """Return the name of the Python project in a folder, as indexes compare it; "" when it does not say."""
    name = (
        _from_pyproject(folder / "pyproject.toml")
        or _from_setup(folder / "setup.cfg")
        or _from_script(folder / "setup.py")
    )
    return re.sub(r"[-_.]+", "-", name).lower()


def _from_pyproject(path: Path) -> str:
    try:
        document = tomllib.loads(read_text(path))
    except (ValueError, RecursionError):
        return ""
    match document:
        case {"project": {"name": str(name)}} | {"tool": {"poetry": {"name": str(name)}}}:
            return name
        case _:
            return ""


def _from_setup(path: Path) -> str:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path))
    except ConfigParserError:
        return ""
    return parser.get("metadata", "name", fallback="")


def _from_script(path: Path) -> str:
    text = read_text(path)
    called = _SETUP.search(text)
    found = _NAME.search(text, called.end()) if called else None
    return found[2] if found else ""


def read_text(path: Path, limit: int = _LIMIT) -> str:
    """Return the beginning of a regular file as text, "" when there is none that can be read."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""
