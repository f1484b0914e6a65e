"""What the settings say of themselves: the tables of docs/config.md, and `[run]` in defaults/config.toml."""

import json
import math
import re
import textwrap
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin

from loop_kit.model.check import CheckCommand, Prepare
from loop_kit.model.config import BackendSettings, EnvSettings, ProtectSettings, Settings, WorktreeSettings
from loop_kit.model.prices import ModelPrice, Prices
from loop_kit.model.roles import RoleSettings
from loop_kit.model.run_settings import RunSettings
from loop_kit.values.annotations import RULES, DocumentField, Mark, Pattern, Range, document_fields, is_class, parted

# The tables of the page, by their names there.
TABLES: Mapping[str, Any] = {
    "run": RunSettings,
    "roles": RoleSettings,
    "backends": BackendSettings,
    "env": EnvSettings,
    "protect": ProtectSettings,
    "prices": Prices,
    "models": ModelPrice,
    "checks": CheckCommand,
    "prepare": Prepare,
    "plugins": Settings,
    "worktrees": WorktreeSettings,
}
_TABLE = re.compile(r"<!-- table: (\w+) -->\n(\n(\|[^\n]*\n)+)?")
# What stands between the line [run] and the comment above the table after it.
_RUN = re.compile(r"(?<=^\[run\]\n).*?(?=^(# [^\n]*\n)*#?\[)", re.MULTILINE | re.DOTALL)
# Of what a pattern says in a refusal, what can stand in a cell.
_SHORT = re.compile(r"^it should be |,? (should|without) .*")
_WIDTH = 120
_WORDS = {bool: "true, false", str: "a text", int: "a whole number", float: "a number"}


def with_tables(page: str) -> str:
    """Return docs/config.md with each table made anew below the comment that names it."""
    return _TABLE.sub(lambda found: f"<!-- table: {found[1]} -->\n\n{_table(found[1])}", page)


def with_run_settings(config: str) -> str:
    """Return the commented config with every setting of `[run]` made anew."""
    return _RUN.sub(lambda _: "".join(map(_commented, document_fields(RunSettings))), config)


def _commented(setting: DocumentField) -> str:
    words = textwrap.wrap(setting.help, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    return "\n".join((*words, f"#{setting.name} = {_literal(setting.default)}", "", ""))


def _table(name: str) -> str:
    entries = [each for each in document_fields(TABLES[name]) if Mark.KEY not in each.marks]
    if name == "plugins":
        entries = [each for each in entries if each.name == name]
    if name == "run":
        rows = (
            (f"`{each.name}`", allowed(each.annotation), f"`{_literal(each.default)}`", each.help) for each in entries
        )
        return _lines(("setting", "allowed", "default", "meaning"), rows)
    return _lines(
        ("setting", "allowed", "meaning"),
        ((f"`{each.name}`", allowed(each.annotation), each.help) for each in entries),
    )


def _literal(value: Any) -> str:
    return json.dumps(value).removesuffix(".0")


def allowed(annotation: Any) -> str:
    """Say in few words what a value may be."""
    kind, notes = parted(annotation)
    rules = [note for note in notes if isinstance(note, RULES)]
    return next((said for rule in rules if (said := _said(rule))), "") or _of_type(kind, single=Mark.SINGLE in notes)


def _said(rule: Any) -> str:
    match rule:
        case Pattern(said=said):
            return _SHORT.sub("", said)
        case Range(least, most) if math.isinf(most):
            return f"at least {_number(least)}"
        case Range(least, most):
            return f"at most {_number(most)}" if math.isinf(least) else f"{_number(least)} to {_number(most)}"
        case _:
            return ""


def _of_type(kind: Any, *, single: bool) -> str:
    if get_origin(kind) is tuple:
        entry = allowed(get_args(kind)[0])
        return f"{entry}; or a list of such" if single else f"list, each {entry}"
    if get_origin(kind) is Mapping or is_class(kind):
        return "table"
    words = get_args(kind) if get_origin(kind) is Literal else kind if issubclass(kind, StrEnum) else ()
    return " or ".join(f'`"{word}"`' for word in words) or _WORDS[kind]


def _number(value: float) -> str:
    return f"{value:,}".removesuffix(".0").replace(",", " ")


def _lines(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    ruled = (tuple(text.replace("|", "\\|") for text in row) for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in (heading, tuple("---" for _ in heading), *ruled))
