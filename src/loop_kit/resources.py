"""Find `schemas/` and `defaults/`: inside the package in a wheel, beside `src/` in a checkout.

The wheel is asked first. An editable install has no `_data`, so there the checkout's own folders are found, and editing
one shows at once.
"""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def _root() -> Path:
    packed = _PACKAGE / "_data"
    return packed if packed.is_dir() else _PACKAGE.parent.parent


def schema_path(kind: str) -> Path:
    """Return where the schema of a kind of document lies, e.g. `schema_path("task_card")`."""
    return _root() / "schemas" / f"{kind}.schema.json"


def default_path(name: str) -> Path:
    """Return where a default text lies, e.g. `default_path("roles/reviewer.md")`."""
    return _root() / "defaults" / name


def default_text(name: str) -> str:
    return default_path(name).read_text(encoding="utf-8")
