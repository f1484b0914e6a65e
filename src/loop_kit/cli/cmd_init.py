"""`loop init`: make the bus with everything a person fills in. Existing files stay; another tool's bus is adopted."""

from collections.abc import Iterable
from pathlib import Path

import click

from loop_kit import resources
from loop_kit.bus.atomic import exclusive_write, make_folder
from loop_kit.bus.bus import Bus
from loop_kit.bus.newer import check_not_newer_bus
from loop_kit.checks.propose import propose, render
from loop_kit.cli.adopters import Adopter, adopters
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.places import bus_root, loop_again
from loop_kit.cli.settings import resolve
from loop_kit.errors import LoopError, StartError, UsageError

# file on the bus -> file in defaults/
MADE = {
    "config.toml": "config.toml",
    "templates/worker_prompt.txt": "templates/worker_prompt.txt",
    "templates/reviewer_prompt.txt": "templates/reviewer_prompt.txt",
    "examples/task_card.json": "examples/task_card.json",
}


@click.command("init")
@bus_option
@click.pass_obj
def command(invocation: Invocation) -> int:
    """Make .loop/ with its templates, an example card and a commented config.toml; existing files stay.

    The bus of another tool is adopted where loop knows that tool: nothing is lost, and what loop would misread is moved to
    the archive.
    """
    bus = Bus(bus_root(invocation))
    if bus.task_id:
        raise UsageError(
            f"{bus.root} takes what init makes from {bus.default.root}", hint="loop run makes the bus of a task"
        )
    check_not_newer_bus(bus)
    _check_repository(bus)
    missing = [name for name in (".gitignore", "config.toml") if not (bus.root / name).exists()]
    known = tuple(adopters())
    adopted = [adopter for adopter in known if _adopt(bus, adopter)]
    made = [*(missing if adopted else ()), *make_bus(bus)]
    for name in made:
        print_(f"made {bus.root / name}")
    if not (made or adopted):
        print_(f"{bus.root} is complete")
    if not bus.card_path.exists():
        print_(
            f"next: write {bus.card_path} after {bus.root / 'examples/task_card.json'}, then: loop run --auto-dispatch"
        )
    elif lines := _next_lines(bus, invocation, known):
        print_("\n".join(lines))
    elif adopted:
        print_(f"next: {loop_again(invocation)} run --auto-dispatch")
    return 0


def _adopt(bus: Bus, adopter: Adopter) -> bool:
    """Adopt a bus and print what was done; return False when it is not of that tool."""
    facts = tuple(adopter.facts(bus))
    if not facts:
        return False
    lines = adopter.adopt(bus, proposed_checks(bus.root.parent))
    print_("\n  ".join([f"{bus.root} was made by {adopter.tool}: {', '.join(facts)}", *lines]))
    return True


def _next_lines(bus: Bus, invocation: Invocation, known: Iterable[Adopter]) -> list[str]:
    """Return what to do next with what was adopted, now or earlier; nothing when nothing was."""
    try:
        reviewer = resolve(bus.config_path, invocation.environment, {}).run.reviewer_backend
    except LoopError:
        reviewer = "NAME"
    again = loop_again(invocation)
    return [line for each in known for line in each.next_lines(bus, cwd=invocation.cwd, loop=again, reviewer=reviewer)]


def _check_repository(bus: Bus) -> None:
    if not any((folder / ".git").exists() for folder in (bus.root.parent, *bus.root.parents)):
        raise StartError(
            f"{bus.root.parent} is not in a git repository", hint="loop works on commits: run git init first"
        )


def make_bus(bus: Bus) -> list[str]:
    """Make the missing files of a bus and return their names."""
    new = not (bus.root / ".gitignore").exists()
    bus.ensure_layout()
    if not bus.context.is_symlink():  # people may link it: loop reads through such a link and never writes
        make_folder(bus.context)
    made = [".gitignore"] if new else []
    for name, default in MADE.items():
        path = bus.root / name
        if path.parent != bus.root and path.parent.is_symlink():
            continue  # as above
        make_folder(path.parent)
        content = resources.default_path(default).read_bytes()
        if path == bus.config_path:
            content += proposed_checks(bus.root.parent)
        if exclusive_write(path, content):
            made.append(name)
    return made


def proposed_checks(root: Path) -> bytes:
    """Return proposed checks for the repository at `root`, as comments for its config."""
    text = render(propose(root))
    return f"\n{text}".encode() if text else b""
