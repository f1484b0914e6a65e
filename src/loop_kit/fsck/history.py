"""State, archive and refs tell one story, and every commit of it can still be had."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.errors import LoopError
from loop_kit.fsck.problem import Problem
from loop_kit.model.figures import short_id
from loop_kit.model.manifest import Manifest
from loop_kit.model.names import is_run_name
from loop_kit.model.state import Phase, RoundRow, RunState
from loop_kit.vcs.repository import Repository

REFS = "refs/loop"
_SWAPPED = "somebody wrote into the archive; loop goes by the one that was judged, and without it by none"
_LOST = "was the bus or the repository copied without the other, or a ref deleted by hand?"


def examine_state(bus: Bus, repository: Repository, state: RunState) -> Iterator[Problem]:
    """Yield where archive or git contradict the state."""
    where = bus.name(bus.state_path)
    archive = Archive(bus.archive_root / state.run_name)
    try:
        archive.read_manifest(state.digests.get(Manifest.kind, ""))
    except LoopError as error:
        yield Problem(code="no_manifest", where=where, text=error.message, hint=error.hint)
    for name, sha in (("base_sha", state.base_sha), ("head_sha", state.head_sha)):
        if repository.commit_id(sha) != sha:
            yield Problem(code="lost_commit", where=where, text=f"$.{name}: there is no commit {sha}", hint=_LOST)
    for row in state.round_details:
        yield from _examine_round(repository, state, archive, row)
    if state.phase is Phase.DONE and not any(filed.name == "summary" for filed in archive.documents()):
        yield Problem(code="no_summary", where=where, text=f"{state.run_name} is done and has no summary", hint=_LOST)


def _examine_round(repository: Repository, state: RunState, archive: Archive, row: RoundRow) -> Iterator[Problem]:
    ref = f"{REFS}/{state.run_name}/r{row.round}/head"
    if repository.commit_id(ref) != row.head_sha:
        yield Problem(
            code="no_pin",
            where=ref,
            text=f"it does not hold {short_id(row.head_sha)}, the head of round {row.round}",
            hint=_LOST,
            remedy="pin that commit again",
            repair=partial(repository.pin, ref, row.head_sha) if repository.commit_id(row.head_sha) else None,
        )
    for kind, wanted in row.digests.items():
        if not archive.counts(row.round, kind, wanted):
            text = f"the last {kind} of round {row.round} that is kept is not the one that was judged"
            yield Problem(code="swapped", where=str(archive.file(row.round, kind)), text=text, hint=_SWAPPED)
    if not row.digests:  # an older loop's
        yield from _examine_decision(archive, row)


def _examine_decision(archive: Archive, row: RoundRow) -> Iterator[Problem]:
    try:
        review = archive.read(row.round, "review_report")
    except LoopError:
        return  # reported with the archive
    decision = review.get("decision") if isinstance(review, Mapping) else None
    if decision != row.decision:
        text = f"round {row.round} ended with {row.decision}, and the review kept says {decision}"
        yield Problem(code="other_decision", where=str(archive.file(row.round, "review_report")), text=text, hint=_LOST)


def examine_refs(
    bus: Bus, repository: Repository, run_names: list[str], elsewhere: Collection[str]
) -> Iterator[Problem]:
    """Yield runs that only git or only the archive knows, and pins whose object is gone.

    The pins of runs `elsewhere`, on another bus, are that bus's matter; those that no archive knows are the default bus's.
    """
    refs = {
        name: sha for name, sha in repository.refs(REFS).items() if _is_of(bus, _run_of(name), run_names, elsewhere)
    }
    pinned = set(map(_run_of, refs))
    for run_name in sorted(pinned - set(run_names)):
        text = f"git keeps commits of {run_name}, and no bus here has an archive of it"
        hint = "a run on a bus elsewhere, such as that of another working tree, or an archive deleted by hand"
        yield Problem(code="unknown_run", where=f"{REFS}/{run_name}", text=text, hint=hint)
    for run_name in sorted(set(run_names) - pinned):
        if is_run_name(run_name):
            text = f"the archive has {run_name}, and git keeps nothing of it under {REFS}/{run_name}"
            yield Problem(code="unpinned_run", where=bus.name(bus.archive_root / run_name), text=text, hint=_LOST)
    gone = set(repository.missing(sorted(set(refs.values()))))
    for name, sha in refs.items():
        if sha in gone:
            yield Problem(code="lost_object", where=name, text=f"its object {short_id(sha)} is gone", hint=_LOST)


def _run_of(ref: str) -> str:
    return ref.removeprefix(f"{REFS}/").partition("/")[0]


def _is_of(bus: Bus, run_name: str, run_names: Collection[str], elsewhere: Collection[str]) -> bool:
    return run_name in run_names if bus.task_id else run_name not in elsewhere
