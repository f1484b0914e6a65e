"""The folders of a bus that loop alone writes in: none may be a link, and none may be tracked by git.

Through a link loop would write and delete wherever it leads; a tracked folder comes with a clone.
What people may share (config, templates, context, cards) may be both: loop only reads there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from loop_kit.bus import atomic
from loop_kit.bus.files import link_sentence
from loop_kit.bus.layout import INHERITED, RUNS, Layout
from loop_kit.errors import NeedsPersonError, StartError

OWN = ("archive", "logs", "runtime", RUNS)


def find_links(bus: Layout, run_name: str = "") -> Iterator[Path]:
    """Yield each link where loop needs a folder: the bus itself, what is in `OWN`, the runs' folders below those.

    With the name of a run only its folders are checked, without listing a long archive. Nothing is checked behind a link on
    the way to the bus of a task.
    """
    way = (bus.default.root, bus.runs_root, bus.root) if bus.task_id else (bus.root,)
    link = next(filter(Path.is_symlink, way), None)
    if link is not None:
        yield link
        return
    for folder in (bus.root / name for name in OWN):
        if folder.is_symlink():
            yield folder
        else:
            names = [run_name] if run_name else atomic.listed(folder)
            yield from (path for name in names if (path := folder / name).is_symlink())


def check_folders(bus: Layout) -> None:
    """Raise `StartError` for the first such link; nothing is read or written through it."""
    link = next(find_links(bus), None)
    if link is not None:
        sentence, hint = link_sentence(link)
        raise StartError(sentence, hint=hint)


def find_disregarded(bus: Layout) -> Iterator[Path]:
    """Yield files on the bus of a task that are read from the default bus only."""
    yield from (path for name in INHERITED if bus.task_id and os.path.lexists(path := bus.root / name))


def disregarded_sentence(bus: Layout, path: Path) -> tuple[str, str]:
    """Return what is wrong with such a file, and what to do."""
    there = bus.name(bus.default.root / path.name)
    return (
        f"{bus.name(path)} is not read: the bus of {bus.task_id} takes {path.name} from {there}",
        f"move what it says to {there}, or take it away",
    )


def check_inherited(bus: Layout) -> None:
    """Raise `StartError` for the first such file: its author expects it to have an effect."""
    for path in find_disregarded(bus):
        sentence, hint = disregarded_sentence(bus, path)
        raise StartError(sentence, hint=hint)


def stop_at_links(bus: Layout, run_name: str) -> None:
    """Raise `NeedsPersonError` for a link that replaced a folder while an agent worked."""
    link = next(find_links(bus, run_name), None)
    if link is not None:
        sentence, hint = link_sentence(link)
        raise NeedsPersonError(sentence, hint=hint)


def own_paths(bus: Layout, root: Path) -> tuple[str, ...]:
    """Return the paths of `OWN` relative to the top of a working tree, as git names them; none for a bus outside it.

    For the bus of a task they are those of its default bus, which contains it.
    """
    top = bus.default.root
    if not top.is_relative_to(root):
        return ()
    return tuple(os.fspath((top / name).relative_to(root)) for name in OWN)
