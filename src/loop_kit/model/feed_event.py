"""Events as they are written and read: a line of the feed, a line of `--json`, a line of a round process."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from loop_kit.model.events import DURABLE, Event, OtherEvent
from loop_kit.model.kinds import Time
from loop_kit.model.shown_events import SHOWN
from loop_kit.values import dataclass, reading
from loop_kit.values.annotations import Named, Pattern, Range, Size
from loop_kit.values.wording import FieldError

_KINDS = {kind.kind: kind for kind in (*DURABLE, *SHOWN)}


def read(name: str, data: Mapping[str, Any]) -> Event:
    """Return the event of that name; what another version of loop wrote, of whatever form, is an `OtherEvent`."""
    try:
        kind = _KINDS[name]
        return reading.read(kind, {kind.formerly.get(key, key): value for key, value in data.items()})
    except (KeyError, FieldError):
        return OtherEvent(name, data)


def is_known(name: str) -> bool:
    """Tell whether this loop has a kind of that name."""
    return name in _KINDS


def name_of(event: Event) -> str:
    return event.name if isinstance(event, OtherEvent) else event.kind


def data_of(event: Event) -> dict[str, Any]:
    """Return what an event is about as a document."""
    return dict(event.data) if isinstance(event, OtherEvent) else reading.write(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """One line of logs/feed.jsonl: something that happened. Lines are only ever added."""

    kind: ClassVar[str] = "feed_event"

    seq: Annotated[int, Range(1, 2**53), "The number of the event, counted from 1 without gaps."]
    prev: Annotated[
        str,
        Pattern(r"^([0-9a-f]{64})?(?![\s\S])", "it should be 64 hexadecimal digits, or empty"),
        "The SHA-256 digest of the line before, without its newline; empty for the first line. It reveals a "
        "missing or altered line.",
    ]
    at: Annotated[Time, "When it happened, UTC, as 2025-01-31T08:00:00.000Z."]
    name: Annotated[str, Named("event"), Size(1, 200), "The kind of event, as a stable word for programs."]
    run_id: Annotated[str, Size(0, 200), "The run it belongs to; may be empty before there is one."]
    data: Annotated[Mapping[str, Any], "What the event is about; the keys depend on its kind."]

    @property
    def event(self) -> Event:
        return read(self.name, self.data)
