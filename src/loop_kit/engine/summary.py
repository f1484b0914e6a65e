"""The summary of a run, gathered and written: `views.summary` puts it together."""

from loop_kit.bus.archive import Archive
from loop_kit.bus.document import dump
from loop_kit.engine.run import Run
from loop_kit.engine.seals import read_judged
from loop_kit.engine.tree_settings import allowed_reviewers
from loop_kit.model import documents
from loop_kit.model.evidence import Evidence
from loop_kit.model.review import ReviewReport
from loop_kit.model.state import RoundRow
from loop_kit.model.summary import MOST_LISTED, Summary
from loop_kit.views import run_summary as views


def write_summary(run: Run) -> None:
    """Put the summary on the bus and into the archive; to be done before the state that it sums up."""
    document = documents.write(summarize(run))
    run.archive.put(run.round, Summary.kind, dump(document))
    run.bus.write(Summary.kind, document)


def summarize(run: Run) -> Summary:
    """Return the summary of a run that ends as it stands."""
    state = run.state
    last = state.round_details[-1] if state.round_details else None
    found = views.RunFacts(
        tree=last.tree if last is not None else run.home.tree_id(state.head_sha),
        commits=run.home.commits(state.base_sha, state.head_sha, limit=MOST_LISTED),
        files=run.home.changed_paths(state.base_sha, state.head_sha)[:MOST_LISTED],
        review=_review(run.archive, last) if last is not None else None,
        verified=is_verified(run.archive, last) if last is not None else None,
        tree_settings_allowed=allowed_reviewers(run.settings, run.manifest.people),
    )
    kept = run.feed.of_kinds(*views.SUMMARIZED)
    return views.summarize(state, found, (each.event for each in kept if each.run_id == state.run_id))


def _review(archive: Archive, row: RoundRow) -> ReviewReport | None:
    document = read_judged(archive, row, ReviewReport.kind)
    return None if document is None else documents.read(ReviewReport, document)


def is_verified(archive: Archive, row: RoundRow) -> bool | None:
    """Whether loop's own checks bear out what a round ended with; None when the run has no checks."""
    document = read_judged(archive, row, Evidence.kind)
    if document is None:  # lost evidence bears nothing out
        return False if Evidence.kind in row.digests else None
    return documents.read(Evidence, document).verified
