"""Events as they are written and read: a line of the feed, a line of `--json`, a line of a round process."""

from collections.abc import Mapping
from typing import Annotated, Any

from loop_kit.model.events import DURABLE, Event, OtherEvent
from loop_kit.model.shown_events import SHOWN
from loop_kit.values import dataclass, reading
from loop_kit.values.annotations import Named, Range
from loop_kit.values.wording import FieldError

_KINDS = {kind.kind: kind for kind in (*DURABLE, *SHOWN)}


def read(name: str, data: Mapping[str, Any]) -> Event:
    """Return the event of that name; what another version of loop wrote, of whatever form, is an `OtherEvent`."""
    try:
        return reading.read(_KINDS[name], data)
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
    """One line of `logs/feed.jsonl`.

    `seq` counts from 1, `prev` is the SHA-256 of the line before (without its newline), so that a missing or altered
    line shows. `data` is what the event is about, as it stands there.
    """

    seq: Annotated[int, Range(1)]
    prev: str
    at: str
    name: Annotated[str, Named("event")]
    run_id: str
    data: Mapping[str, Any]

    @property
    def event(self) -> Event:
        return read(self.name, self.data)
