"""A bus that was deleted while an agent worked: `git clean -fdx` does that, because git ignores it.

Everything that is needed to go on with the run is in the memory of its round: manifest, card and state are laid out
again, and the run stops for a person. A report that was handed in after the deletion is still there for the resume.
"""

import os

from loop_kit.bus.own_folders import stop_at_links
from loop_kit.engine.run import Run
from loop_kit.errors import NeedsPersonError
from loop_kit.model.manifest import Manifest
from loop_kit.model.review import FixList


def lay_out_again(run: Run, during: str) -> NeedsPersonError | None:
    """Lay a bus out again that was deleted `during` something; return the error to end the run with, None when it is there.

    Raises `NeedsPersonError` when a link has come into the place of one of its folders: then nothing is written any more.
    """
    stop_at_links(run.bus, run.name)
    if os.path.lexists(run.archive.file(0, Manifest.kind)):
        return None
    run.bus.ensure_layout()
    run.archive.put_document(0, Manifest.kind, run.manifest)
    if not os.path.lexists(run.bus.card_path):
        run.bus.write("task_card", run.manifest.card_document)
    run.archive.put_document(0, "task_card", run.manifest.card_document)
    if FixList.kind in run.papers:
        run.archive.put(run.round, FixList.kind, run.papers[FixList.kind])
    run.put()
    return NeedsPersonError(
        f"{run.bus.root} was deleted {during} (git clean -x does that): manifest, card and state are laid out again, "
        "archive and logs of earlier rounds are lost",
        hint="nothing that was committed is lost; loop run --resume goes on",
    )
