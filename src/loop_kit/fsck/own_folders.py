"""Check loop's own folders on the bus: none is a link, git tracks nothing in them, and no other file is there."""

import shlex
from collections.abc import Iterator

from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import find_strays
from loop_kit.bus.files import link_sentence
from loop_kit.bus.own_folders import disregarded_sentence, find_disregarded, find_links, own_paths
from loop_kit.fsck.problem import Problem
from loop_kit.vcs.repository import Repository


def examine_folders(bus: Bus, repository: Repository) -> Iterator[Problem]:
    """Yield each link instead of a folder, each file that git tracks in loop's own folders, and each file out of place.

    A bus with a link is not searched further.
    """
    for link in find_links(bus):
        sentence, hint = link_sentence(link)
        yield Problem(code="link", where=bus.name(link), text=sentence, hint=hint)
    for each in find_disregarded(bus):
        sentence, hint = disregarded_sentence(bus, each)
        yield Problem(code="disregarded", where=bus.name(each), text=sentence, hint=hint)
    if bus.task_id:
        return  # the rest is checked with the default bus
    for stray in find_strays(bus):
        text = "it is no bus: one has the id of its task and is a folder, and nothing else is looked for here"
        yield Problem(code="no_bus", where=bus.name(stray), text=text, hint="move it away")
    for path in repository.tracked(own_paths(bus, repository.root)):
        text = "git tracks it, and loop keeps its own there: a clone would bring it along"
        yield Problem(
            code="tracked", where=path, text=text, hint=f"git rm --cached -- {shlex.quote(path)}, then commit"
        )
