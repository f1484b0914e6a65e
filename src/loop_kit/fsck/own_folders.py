"""What loop writes on the bus is its own: no link leads out of it, and git tracks nothing of it."""

import shlex
from collections.abc import Iterator

from loop_kit.bus.bus import Bus
from loop_kit.bus.files import link_sentence
from loop_kit.bus.own_folders import find_links, own_paths
from loop_kit.fsck.problem import Problem
from loop_kit.vcs.repository import Repository


def examine_folders(bus: Bus, repository: Repository) -> Iterator[Problem]:
    """Yield each link in the place of a folder, and each file that git tracks where loop keeps its own."""
    for link in find_links(bus):
        sentence, hint = link_sentence(link)
        yield Problem(code="link", where=bus.name(link), text=sentence, hint=hint)
    for path in repository.tracked(own_paths(bus, repository.root)):
        text = "git tracks it, and loop keeps its own there: a clone would bring it along"
        yield Problem(
            code="tracked", where=path, text=text, hint=f"git rm --cached -- {shlex.quote(path)}, then commit"
        )
