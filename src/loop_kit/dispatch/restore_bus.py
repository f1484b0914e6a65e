"""A bus that was deleted under a run's feet: `git clean -fdx` does that, for git ignores it.

What a run needs to be gone on with is in the memory of its round: manifest, card and state are laid out again, and the
run stops for a person. A report that was handed in after the deletion is still there for the resume.
"""

import os

from loop_kit.bus.own_folders import stop_at_links
from loop_kit.engine.context import RunContext
from loop_kit.engine.snapshots import pin_unfinished
from loop_kit.errors import NeedsPersonError
from loop_kit.model.manifest import Manifest
from loop_kit.model.review import FixList
from loop_kit.model.state import RunState


def stop_without_bus(ctx: RunContext, state: RunState, role: str) -> None:
    """Raise when the bus was deleted while an agent was at work, after having made it one to go on with.

    Raises as well when a link has come into the place of one of its folders: then nothing is written any more.
    """
    stop_at_links(ctx.bus, state.run_name)
    if os.path.lexists(ctx.archive.file(0, Manifest.kind)):
        return
    ctx.bus.ensure_layout()
    ctx.archive.put_document(0, Manifest.kind, ctx.manifest)
    if not os.path.lexists(ctx.bus.card_path):
        ctx.bus.write("task_card", ctx.manifest.card_document)
    ctx.archive.put_document(0, "task_card", ctx.manifest.card_document)
    if FixList.kind in ctx.papers:
        ctx.archive.put(state.round, FixList.kind, ctx.papers[FixList.kind])
    ctx.bus.put_state(state)
    if role == "worker":
        pin_unfinished(ctx, state)
    raise NeedsPersonError(
        f"{ctx.bus.root} was deleted while the {role} was at work (git clean -x does that): manifest, card and state are "
        "laid out again, archive and logs of earlier rounds are lost",
        hint="nothing that was committed is lost; loop run --resume goes on",
    )
