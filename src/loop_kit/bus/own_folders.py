"""The folders of a bus that loop alone writes in: each has to be a folder, and none of git's business.

A link in the place of one would let loop write, and clear away, wherever it leads; one that git tracks comes with a clone.
What people may share (config, templates, context, cards) may be both: loop only reads there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from loop_kit.bus import atomic
from loop_kit.bus.files import link_sentence
from loop_kit.bus.layout import Layout
from loop_kit.errors import NeedsPersonError, StartError

OWN = ("archive", "logs", "runtime")


def find_links(bus: Layout, run_name: str = "") -> Iterator[Path]:
    """Yield each link in the place of a folder of loop's own: the bus itself, what is in `OWN`, the runs' below those.

    With the name of a run its folders alone are looked at, without listing a long archive.
    """
    if bus.root.is_symlink():
        yield bus.root
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


def stop_at_links(bus: Layout, run_name: str) -> None:
    """Raise `NeedsPersonError` for a link that came into the place of a folder while somebody worked."""
    link = next(find_links(bus, run_name), None)
    if link is not None:
        sentence, hint = link_sentence(link)
        raise NeedsPersonError(sentence, hint=hint)


def own_paths(bus: Layout, root: Path) -> tuple[str, ...]:
    """Return where `OWN` lies below the top of a working tree, as git names paths; nothing for a bus that lies elsewhere."""
    if not bus.root.is_relative_to(root):
        return ()
    return tuple(os.fspath((bus.root / name).relative_to(root)) for name in OWN)
