"""`loop archive`: list, show and restore the documents of every round, byte for byte.

Restoring onto the bus takes the bus lock, because the documents there belong to a running run.
"""

import os
import shlex
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
from loop_kit.cli.console import print_, printable
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import local_time, print_bytes, print_json
from loop_kit.cli.targets import existing_bus, existing_run
from loop_kit.engine.world import utc_now
from loop_kit.errors import StartError, UsageError
from loop_kit.model.figures import kilobytes
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
def list_command(invocation: Invocation, run_name: str | None = None, as_json: bool = False) -> int:
    """List what is archived: of every run, or of one, such as T-001 or T-001@2."""
    wanted = [existing_run(invocation, run_name)] if run_name else all_runs(existing_bus(invocation))
    entries = [_entry(name, filed) for bus, name in wanted for filed in Archive(bus.archive_root / name).files()]
    if as_json:
        print_json(entries)
    elif entries:
        print_(
            "\n".join(
                f"{local_time(str(entry['at']))}  {kilobytes(int(entry['bytes'])):>11}  {entry['run_name']}/{entry['file']}"
                for entry in entries
            )
        )
    else:
        print_("nothing is archived yet", err=True)
    return 0


@command.command("show")
@click.argument("file", metavar="[TASK/]FILE")
@bus_option
@click.pass_obj
def show_command(invocation: Invocation, file: str) -> int:
    """Print an archived document byte for byte, such as r1_work_report or T-001@2/r1_work_report.json."""
    print_bytes(_read(_find(invocation, file)[1].path))
    return 0


@command.command("restore")
@click.argument("file", metavar="[TASK/]FILE")
@click.option("--to", "target", metavar="PATH", help="Where to write it. [default: its file on the bus]")
@click.option("--yes", is_flag=True, help="Overwrite without asking.")
@bus_option
@click.pass_obj
def restore_command(invocation: Invocation, file: str, target: str | None, yes: bool) -> int:
    """Write an archived document back, byte for byte, to the bus or to a path of your own."""
    bus, filed = _find(invocation, file)
    path = (invocation.cwd / Path(target).expanduser()).absolute() if target else _run_on_bus(bus, filed)
    data = _read(filed.path)
    owner = next((each for each in reversed(buses(bus)) if _is_on_bus(each, path)), None)
    if owner is not None and path.name != owner.card_path.name:  # only the card there is the person's own
        with Lock.acquire(owner.lock_path, purpose="loop archive restore", now=utc_now(), wait_for_dead=0.0):
            kept = _put(owner, path, data, sure=yes)
    else:
        kept = _put(owner, path.resolve(), data, sure=yes)
    print_(f"{path} is now {filed.path.name} of {filed.path.parent.name}")
    if kept is not None:
        print_(f"the file that was there is kept as {kept}")
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


def _find(invocation: Invocation, file: str) -> tuple[Bus, Filed]:
    """Return the file that a person names, and its bus.

    Without a task it is one of the run on the bus, without an ending the last take.
    """
    task, _, name = file.rpartition("/")
    bus, run_name = existing_run(invocation, task)
    archive = Archive(bus.archive_root / run_name)
    files = archive.files()
    exact = [filed for filed in files if filed.path.name == name]
    takes = [
        filed for filed in files if not filed.refused and f"r{filed.round}_{filed.name}" == name.removesuffix(".json")
    ]
    if not (exact or takes):
        hint = f"loop archive list {archive.run_name} lists them"
        raise StartError(f"{archive.run_name} has no archived document {name!r:.80}", hint=hint)
    return bus, exact[0] if exact else takes[-1]


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, limit=_READ_LIMIT, follow=False)
    except FileNotFoundError:
        raise StartError(f"{path} is gone", hint="loop archive list lists what is there") from None


def _run_on_bus(bus: Bus, filed: Filed) -> Path:
    if filed.refused or filed.name not in LIMITS:
        why = "it was refused" if filed.refused else f"{filed.name} is not a document of the bus"
        raise UsageError(f"{filed.path.name} cannot go to the bus: {why}", hint="name a file: --to PATH")
    return bus.path(filed.name)


def _is_on_bus(bus: Bus, path: Path) -> bool:
    """Tell whether a path is on the bus, by whatever way it is named."""
    return (path.parent.resolve() / path.name).is_relative_to(bus.root.resolve())


def _put(bus: Bus | None, path: Path, data: bytes, *, sure: bool) -> Path | None:
    """Write `data` to `path`; return where an earlier document of `bus` is kept, None when there was none or no bus."""
    if not path.parent.is_dir():
        raise StartError(f"the folder {path.parent} does not exist", hint=f"mkdir -p {shlex.quote(str(path.parent))}")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a file", hint="name a file")
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
        raise UsageError(f"{path} exists and differs", hint="--yes overwrites it")
    click.confirm(f"{printable(str(path))} exists and differs. Overwrite it?", abort=True, err=True)
