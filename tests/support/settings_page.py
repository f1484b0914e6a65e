"""The tables of docs/config.md, made from the schema and the one table of `[run]` settings."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from loop_kit.model.config import RUN_OPTIONS

ROOT = Path(__file__).resolve().parents[2]
_MARK = re.compile(r"<!-- table: (\w+) -->\n(\n(\|[^\n]*\n)+)?")
_ROWS = {"worker": "role", "backends": "backend", "checks": "check", "prepare": "prepare", "models": "model_price"}


def with_tables(page: str) -> str:
    """Return the page with each table made anew below the comment that names it."""
    return _MARK.sub(lambda found: f"<!-- table: {found[1]} -->\n\n{_table(found[1])}", page)


def _table(name: str) -> str:
    schema = json.loads((ROOT / "schemas/config.schema.json").read_text(encoding="utf-8"))
    if name == "run":
        return _lines(("setting", "allowed", "default", "meaning"), _run_rows(schema))
    if name == "plugins":
        entries = {"plugins": schema["properties"]["plugins"]}
    elif name in ("env", "prices", "protect"):
        entries = schema["properties"][name]["properties"]
    else:
        entries = schema["$defs"][_ROWS[name]]["properties"]
    rows = ((f"`{key}`", _allowed(entry, schema), entry["description"]) for key, entry in entries.items())
    return _lines(("setting", "allowed", "meaning"), rows)


def _run_rows(schema: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    entries = schema["properties"]["run"]["properties"]
    for option in RUN_OPTIONS:
        default = json.dumps(option.default).removesuffix(".0")
        yield f"`{option.key}`", _allowed(entries[option.key], schema), f"`{default}`", option.help


def _allowed(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Say in few words what a value may be."""
    pointer = entry.get("$ref", "")
    if pointer.startswith("#/$defs/"):
        return _KNOWN.get(name := pointer.rpartition("/")[2]) or _allowed(schema["$defs"][name], schema)
    if pointer:
        return _KNOWN[pointer.rpartition("/")[2]]
    if "enum" in entry:
        return " or ".join(f'`"{value}"`' for value in entry["enum"])
    if "minimum" in entry:
        return f"{entry['minimum']:g} to {entry['maximum']:,}".replace(",", " ")
    return {"boolean": "true, false", "string": "text", "array": "list of texts", "object": "table"}[entry["type"]]


_KNOWN = {
    "seconds": "seconds, 0 for no limit",
    "text": "text",
    "texts": "list of texts",
    "backend_name": "a backend's name",
    "backend_names": "a backend's name, or several with commas",
    "dollars": "US dollars",
    "variables": "table of texts",
    "variable_patterns": "list of names, or beginnings with `*`",
    "argv": "list of texts",
    "shell_line": "one line",
    "exit_codes": "exit code, or list of them",
    "where": '`"worktree"` or `"inplace"`',
    "inner_globs": "list of globs",
    "inner_paths": "list of paths",
}


def _lines(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    ruled = [heading, tuple("---" for _ in heading), *(tuple(_cell(text) for text in row) for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in ruled)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
