"""Events for tests that are about some of their fields: the others have the value that says least."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_origin

from loop_kit.model.events import DURABLE, Event, OtherEvent
from loop_kit.model.feed_event import FeedEvent, data_of, name_of, read
from loop_kit.model.shown_events import SHOWN
from loop_kit.values.annotations import document_fields, json_types

AT = "2025-01-31T08:00:00.000Z"
KINDS = {kind.kind: kind for kind in (*DURABLE, *SHOWN)}
_LEAST = {"string": "", "integer": 1, "number": 0.0, "boolean": False, "array": (), "object": {}, "null": None}
_Kind = TypeVar("_Kind", bound=Event)


def sample(kind: type[_Kind], **given: Any) -> _Kind:
    """Return an event with the fields that are given."""
    of: Any = kind
    least = {each.attribute: _least(each.annotation) for each in document_fields(of)}
    role = {"role": "worker"} if "role" in least else {}
    return kind(**{**least, **role, **given})


def told(name: str, data: Mapping[str, Any]) -> Event:
    """Return the event that is read from these `data`."""
    event = read(name, {**data_of(sample(KINDS[name])), **data})
    assert not isinstance(event, OtherEvent), event
    return event


def fed(event: Event, run_id: str = "run-1", at: str = AT) -> FeedEvent:
    return FeedEvent(seq=1, prev="", at=at, name=name_of(event), run_id=run_id, data=data_of(event))


def _least(annotation: Any) -> Any:
    bare = (
        get_args(annotation)[0] if get_origin(annotation) is not None and not json_types(annotation)[1:] else annotation
    )
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return next(iter(bare))
    types = json_types(annotation)
    return None if "null" in types else _LEAST[types[0]]
