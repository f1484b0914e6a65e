"""`loop archive`: list, show and restore what every round left.

What is shown and restored is byte for byte what was kept. Restoring onto the bus takes the bus lock: while a run goes on, its
documents are its own.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from loop_kit import folders
from loop_kit.bus import atomic
from loop_kit.bus.archive import Archive, Filed
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.bus.files import free_name, read_beginning, read_bytes
from loop_kit.bus.layout import LIMITS
from loop_kit.bus.lock import Lock
from loop_kit.cli.console import printable, put
from loop_kit.cli.edge import Edge
from loop_kit.cli.looking import bus_to_look_at, local_time, put_exactly, put_json, run_to_look_at
from loop_kit.cli.main import bus_option
from loop_kit.engine.world import utc_now
from loop_kit.errors import StartError, UsageError
from loop_kit.views.lookup import all_runs

_READ_LIMIT = 64 << 20


@click.group("archive", invoke_without_command=True)
@bus_option
@click.pass_context
def command(ctx: click.Context) -> int:
    """List, show and restore the documents of every round."""
    return int(ctx.invoke(list_command)) if ctx.invoked_subcommand is None else 0


@command.command("list")
@click.argument("run_name", required=False, metavar="[TASK]")
@click.option("--json", "as_json", is_flag=True, help="One JSON list of objects.")
@bus_option
@click.pass_obj
def list_command(edge: Edge, run_name: str | None = None, as_json: bool = False) -> int:
    """List what is kept: of every run, or of one, such as T-001 or T-001@2."""
    wanted = [run_to_look_at(edge, run_name)] if run_name else all_runs(bus_to_look_at(edge))
    entries = [_entry(name, filed) for bus, name in wanted for filed in Archive(bus.archive_root / name).files()]
    if as_json:
        put_json(entries)
    elif entries:
        put(
            "\n".join(
                f"{local_time(str(entry['at']))}  {entry['bytes']:>9}  {entry['run_name']}/{entry['file']}"
                for entry in entries
            )
        )
    else:
        put("nothing is archived yet", err=True)
    return 0


@command.command("show")
@click.argument("file", metavar="[TASK/]FILE")
@bus_option
@click.pass_obj
def show_command(edge: Edge, file: str) -> int:
    """Print an archived document byte for byte, such as r1_work_report or T-001@2/r1_work_report.json."""
    put_exactly(_read(_find(edge, file)[1].path))
    return 0


@command.command("restore")
@click.argument("file", metavar="[TASK/]FILE")
@click.option("--to", "target", metavar="PATH", help="Where to put it. [default: its place on the bus]")
@click.option("--yes", is_flag=True, help="Overwrite without asking.")
@bus_option
@click.pass_obj
def restore_command(edge: Edge, file: str, target: str | None, yes: bool) -> int:
    """Put an archived document back, byte for byte, on the bus or at a path of your own."""
    bus, filed = _find(edge, file)
    path = (edge.cwd / Path(target).expanduser()).absolute() if target else _run_on_bus(bus, filed)
    data = _read(filed.path)
    owner = next((each for each in reversed(buses(bus)) if _is_on_bus(each, path)), None)
    if owner is not None and path.name != owner.card_path.name:  # only the card there is the person's own
        with Lock.acquire(owner.lock_path, purpose="loop archive restore", now=utc_now(), wait_for_dead=0.0):
            kept = _put(owner, path, data, sure=yes)
    else:
        kept = _put(owner, path.resolve(), data, sure=yes)
    put(f"{path} is now {filed.path.name} of {filed.path.parent.name}")
    if kept is not None:
        put(f"what was there is kept as {kept}")
    return 0


def _entry(run_name: str, filed: Filed) -> dict[str, str | int | bool]:
    status = filed.path.lstat()
    return {
        "run_name": run_name,
        "round": filed.round,
        "name": filed.name,
        "take": filed.take,
        "refused": filed.refused,
        "file": filed.path.name,
        "bytes": status.st_size,
        "at": datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="milliseconds"),
    }


def _find(edge: Edge, file: str) -> tuple[Bus, Filed]:
    """Return what a person names, and the bus it is on.

    Without a task it is of the run that stands on the bus, without an ending the last take is meant.
    """
    task, _, name = file.rpartition("/")
    bus, run_name = run_to_look_at(edge, task)
    archive = Archive(bus.archive_root / run_name)
    files = archive.files()
    exact = [filed for filed in files if filed.path.name == name]
    takes = [
        filed for filed in files if not filed.refused and f"r{filed.round}_{filed.name}" == name.removesuffix(".json")
    ]
    if not (exact or takes):
        hint = f"loop archive list {archive.run_name} shows what there is"
        raise StartError(f"{archive.run_name} has no archived document {name!r:.80}", hint=hint)
    return bus, exact[0] if exact else takes[-1]


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, limit=_READ_LIMIT, follow=False)
    except FileNotFoundError:
        raise StartError(f"{path} is gone", hint="loop archive list shows what there is") from None


def _run_on_bus(bus: Bus, filed: Filed) -> Path:
    if filed.refused or filed.name not in LIMITS:
        why = "it was refused" if filed.refused else f"a {filed.name} is no document of the bus"
        raise UsageError(f"{filed.path.name} has no place on the bus: {why}", hint="say where to put it: --to PATH")
    return bus.path(filed.name)


def _is_on_bus(bus: Bus, path: Path) -> bool:
    """Tell whether a path is on the bus, by whatever way it is named."""
    return (path.parent.resolve() / path.name).is_relative_to(bus.root.resolve())


def _put(bus: Bus | None, path: Path, data: bytes, *, sure: bool) -> Path | None:
    """Write `data` to `path`, on a bus or beside all; return where a document that was there is kept, None when none was."""
    if not path.parent.is_dir():
        raise StartError(f"the folder {path.parent} does not exist", hint="make it first")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file", hint="name a file")
    before = read_beginning(path, limit=_READ_LIMIT)
    if before == data:
        return None
    if os.path.lexists(path) and not sure:
        _ask(path)
    kept = _keep(bus, path, before) if before and bus is not None else None
    atomic.write_bytes(folders.real(path), data)
    return kept


def _keep(bus: Bus, path: Path, before: bytes) -> Path:
    atomic.make_folder(bus.unfiled)
    kept = free_name(bus.unfiled, path.stem)
    atomic.exclusive_write(kept, before)
    return kept


def _ask(path: Path) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"{path} is there and differs", hint="--yes overwrites it")
    click.confirm(f"{printable(str(path))} is there and differs. Overwrite it?", abort=True, err=True)
