"""`loop validate`: check documents of the bus against their schemas, loop's own included."""

import json
import re
from pathlib import Path
from typing import Any

import click

from loop_kit.bus.document import parse
from loop_kit.bus.files import read_bytes
from loop_kit.cli.console import print_
from loop_kit.cli.settings import read_config
from loop_kit.errors import EXIT_CODES, DocumentError, LoopError, Outcome
from loop_kit.model import schema, versions
from loop_kit.model.config import Settings
from loop_kit.model.names import check_task_id
from loop_kit.model.roles import refuse_said_twice
from loop_kit.values.reading import read
from loop_kit.values.wording import FieldError

_LIMIT = 64 << 20
_ARCHIVED = re.compile(r"r\d+_(?P<kind>[a-z_]+?)(\.\d+)?\.json")


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--as", "kind", type=click.Choice(schema.KINDS), help="The kind of document, when its name does not show it."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file.")
def command(files: tuple[Path, ...], kind: str | None, as_json: bool) -> int:
    """Check documents against their schemas; exit 3 when one is not valid."""
    worst = 0
    for path in files:
        problem = _problem(path, kind)
        worst = worst if problem is None else EXIT_CODES[Outcome.INVALID]
        if as_json:
            print_(json.dumps({"file": str(path), "valid": problem is None, "problem": problem}))
        else:
            print_(f"{path}: {'valid' if problem is None else problem}")
    return worst


def _problem(path: Path, kind: str | None) -> str | None:
    try:
        found = kind or kind_of(path)
        if found == "config" and path.exists():
            return _config_problem(read_config(path))
        data = read_bytes(path, limit=_LIMIT)
        if found == "feed_event":
            return _feed_problem(data)
        document = versions.current(found, parse(data, name="it"), name="it")
        problem = schema.find_problem(found, document)
        if problem is None and found == "task_card":
            check_task_id(document["task_id"])
    except FileNotFoundError:
        return "the file does not exist"
    except LoopError as error:
        return error.message.removeprefix(f"{path} ")
    else:
        return problem


def _config_problem(document: Any) -> str | None:
    """Return what a run would refuse, in its words; then what the schema in schemas/ refuses."""
    try:
        read(Settings, document)
        refuse_said_twice(document)
    except FieldError as error:
        return str(error)
    return schema.find_problem(Settings.kind, document)


def _feed_problem(data: bytes) -> str | None:
    for number, line in enumerate(data.splitlines(), 1):
        problem = schema.find_problem("feed_event", parse(line, name=f"line {number}"))
        if problem is not None:
            return f"line {number} {problem}"
    return None


def kind_of(path: Path) -> str:
    """Return the kind of document by the name of its file on the bus or in the archive; raise `DocumentError` for others."""
    name = path.name
    archived = _ARCHIVED.fullmatch(name)
    if archived is not None and versions.kind_of(archived["kind"]) in schema.KINDS:
        return versions.kind_of(archived["kind"])
    fixed = {"config.toml": "config", "feed.jsonl": "feed_event"}
    stem = "heartbeat" if name.endswith(".heartbeat.json") else fixed.get(name, path.stem)
    if stem in schema.KINDS:
        return stem
    raise DocumentError(f"its name does not show its kind; add --as {'|'.join(schema.KINDS)}")
