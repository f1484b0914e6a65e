"""A finished or running run, round by round: what was asked, done, found and decided.

Read from the archive, from the bus for the open round, and from the event log. A document that cannot be read is listed as
unreadable and hides nothing else.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from loop_kit.bus.archive import Archive, Filed
from loop_kit.bus.atomic import listed
from loop_kit.bus.bus import Bus
from loop_kit.bus.document import read_json
from loop_kit.bus.feed import Feed
from loop_kit.bus.files import read_bytes
from loop_kit.errors import DocumentError, StartError
from loop_kit.model import documents
from loop_kit.model.events import Decided, Verified
from loop_kit.model.evidence import CheckResult, Evidence
from loop_kit.model.names import ROLES
from loop_kit.model.review import FixList, ReviewReport
from loop_kit.model.state import RunState
from loop_kit.model.task import TaskCard
from loop_kit.model.work import WorkReport
from loop_kit.values import dataclass, field

_Document = TypeVar("_Document", TaskCard, FixList, WorkReport, ReviewReport, Evidence)
_READ_LIMIT = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStory:
    """One round. What is None or empty did not happen, or not yet.

    `verified` is what git showed; `refused` maps a file's name to the reason; `unreadable` holds sentences.
    """

    round: int
    card: TaskCard | None
    fix_list: FixList | None
    work: WorkReport | None
    verified: Verified | None
    checks: tuple[CheckResult, ...]
    review: ReviewReport | None
    judged_by: str
    refused: Mapping[str, str]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The whole prompt of one dispatch."""

    round: int
    role: str
    name: str
    text: str


def read_story(bus: Bus, run_name: str, state: RunState | None) -> list[RoundStory]:
    """Return the rounds of a run, first to last; raise `StartError` when the archive knows none."""
    archive = Archive(bus.archive_root / run_name)
    here = state if state is not None and state.run_name == run_name else None
    reached = max([filed.round for filed in archive.files() if filed.name != "summary"], default=0)
    rounds = range(1, max(reached, here.round if here is not None else 0) + 1)
    if not rounds:
        raise StartError(f"{run_name} has no round yet", hint="loop status shows where it stands")
    events = _events(bus, archive)
    return [_read_round(_Source(bus, archive, number, here), *events.get(number, (None, None))) for number in rounds]


def prompts(bus: Bus, run_name: str) -> Iterator[Prompt]:
    """Yield the prompts of a run, in the order of the dispatches."""
    found = []
    folder = bus.logs / run_name
    for path in (folder / name for name in listed(folder) if fnmatchcase(name, "r*.prompt.txt")):
        round_text, _, rest = path.name.removesuffix(".prompt.txt").partition("_")
        role, _, count = rest.partition("_")
        if role in ROLES and round_text[1:].isdigit() and count.isdigit():
            found.append((int(count), int(round_text[1:]), role, path))
    for _count, number, role, path in sorted(found):
        text = read_bytes(path, limit=_READ_LIMIT, follow=False).decode("utf-8", "backslashreplace")
        yield Prompt(round=number, role=role, name=path.name, text=text)


@dataclass(frozen=True, slots=True)
class _Source:
    """Reads the documents of one round; `unreadable` collects a sentence for each that cannot be read."""

    bus: Bus
    archive: Archive
    round: int
    state: RunState | None
    unreadable: list[str] = field(default_factory=list)

    def raw(self, kind: str) -> Any:
        """Return a document of the round from the archive, or from the bus while the round is open."""
        try:
            document = self.archive.read(self.round, kind)
            if document is None and self.state is not None and self.bus.round_of(kind) == self.round:
                document = self.bus.read(kind)
        except (DocumentError, FileNotFoundError) as error:
            self.unreadable.append(str(error))
            return None
        return document if isinstance(document, dict) else None

    def read(self, kind: type[_Document], document: Any | None) -> _Document | None:
        try:
            return None if document is None else documents.read(kind, document, name=f"r{self.round}_{kind.kind}.json")
        except DocumentError as error:
            self.unreadable.append(error.message)
            return None

    def card(self) -> TaskCard | None:
        try:
            return self.read(TaskCard, self.archive.read(0, TaskCard.kind)) if self.round == 1 else None
        except (DocumentError, FileNotFoundError) as error:
            self.unreadable.append(str(error))
            return None

    def refused(self) -> dict[str, str]:
        files = [filed for filed in self.archive.files() if filed.refused and filed.round == self.round]
        return {filed.path.name: self._reason(filed) for filed in files}

    def _reason(self, filed: Filed) -> str:
        try:
            match read_json(filed.path, limit=_READ_LIMIT, follow=False):
                case {"reason": str(reason)}:
                    return reason
        except (DocumentError, FileNotFoundError) as error:
            self.unreadable.append(str(error))
        return ""


def _read_round(source: _Source, verified: Verified | None, decided: Decided | None) -> RoundStory:
    evidence = source.read(Evidence, source.raw(Evidence.kind))
    return RoundStory(
        round=source.round,
        card=source.card(),
        fix_list=source.read(FixList, source.raw(FixList.kind)),
        work=source.read(WorkReport, source.raw(WorkReport.kind)),
        verified=verified,
        checks=() if evidence is None else evidence.results,
        review=source.read(ReviewReport, source.raw(ReviewReport.kind)),
        judged_by="" if decided is None else decided.judged_by,
        refused=source.refused(),
        unreadable=tuple(source.unreadable),
    )


def _events(bus: Bus, archive: Archive) -> dict[int, tuple[Verified | None, Decided | None]]:
    """Return for each round of a run the last `Verified` and the last `Decided`."""
    try:
        manifest = archive.read(0, "manifest")
        run_id = manifest.get("run_id") if isinstance(manifest, dict) else None
        events = [each.event for each in Feed(bus.feed_path).of_kinds(Verified, Decided) if each.run_id == run_id]
    except (DocumentError, FileNotFoundError):
        return {}
    seen = {event.round: event for event in events if isinstance(event, Verified)}
    decided = {event.round: event for event in events if isinstance(event, Decided)}
    return {number: (seen.get(number), decided.get(number)) for number in {*seen, *decided}}
