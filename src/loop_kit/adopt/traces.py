"""What agent-task-runner 0.3.x leaves on its bus, and the facts by which such a bus is recognised.

File names are the same as loop's, so each fact is about the content of a file. While one of them holds, the bus belongs to the
older tool; `adoption` removes them last. A state of loop's own overrides them all.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from loop_kit.bus.bus import Bus
from loop_kit.bus.document import parse
from loop_kit.bus.files import read_beginning
from loop_kit.bus.layout import LIMITS
from loop_kit.errors import DocumentError
from loop_kit.model.state import Phase

TOOL = "agent-task-runner"
CONFIGS = ("config.yaml", "config.json")  # the first one wins, as it did there
# What its `init` writes, by the first digits of SHA-256; 0.3.0 and 0.3.1 differ.
_ITS_OWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "templates/worker_prompt.txt": ("00bf06daf9dece38", "89508fd8045481a7"),
        "templates/reviewer_prompt.txt": ("d4e572f54dad7336", "e371fc6611878333"),
        "examples/task_card.json": ("45e011e19c243c9f",),
        "context/project_facts.md": ("0526b01999e0d84a",),
        "context/pitfalls.md": ("a371ac4e280b3f5a",),
    }
)
TEMPLATES = ("templates/worker_prompt.txt", "templates/reviewer_prompt.txt")
NOT_TEMPLATES = tuple(name for name in _ITS_OWN if name not in TEMPLATES)
# What it put into prompts and loop does not.
PLACEHOLDERS = (
    "orchestrator_path",
    "function_index",
    "quickstart_section",
    "handoff_section",
    "knowledge_section",
    "task_packet_section",
)
_VERSION = 1
# Compiled on first use.
_EVENT = rb'\{"ts": "[^"]{1,40}", "level": "[^"]{1,40}", "event": "[^"]{1,200}", "data": \{'
_EVENT_LIMIT = 1 << 10
_TEXT_LIMIT = 1 << 20


def facts(bus: Bus) -> Iterator[str]:
    """Yield a sentence for each fact that shows that agent-task-runner made this bus; none when it did not."""
    if is_loops_state(read_state(bus)):
        return
    if is_its_state(bus):
        yield "state.json is of its form"
    if is_its_feed(bus):
        yield "logs/feed.jsonl holds its events"
    for name in CONFIGS:
        if (bus.root / name).is_file() and _has_settings(bus, name):
            yield f"{name} holds its settings"
    for name in TEMPLATES:
        if is_as_it_made(bus, name):
            yield f"{name} is as it makes it"


def is_loops_state(state: Mapping[str, Any]) -> bool:
    """Tell whether loop wrote a state last: run on loop's bus, the older tool adds its `version` to what it finds."""
    return "schema_version" in state and "version" not in state


def is_its_state(bus: Bus) -> bool:
    """Tell whether the state is the older tool's: 0.3.1 writes a `version`, 0.3.0 none; `schema_version` is loop's."""
    state = read_state(bus)
    version = state.get("version", None if "schema_version" in state else _VERSION)
    return version == _VERSION and state.get("state") in list(Phase) and type(state.get("round")) is int


def read_state(bus: Bus, path: Path | None = None) -> dict[str, Any]:
    """Return the state at `path`, by default the one on the bus; an empty one when it cannot be read."""
    return _parsed(read_beginning(path or bus.state_path, limit=LIMITS["state"]))


def is_its_feed(bus: Bus) -> bool:
    """Tell whether the feed begins as the older tool's; its lines may have any length, so none is read to its end."""
    return re.match(_EVENT, read_beginning(bus.feed_path, limit=_EVENT_LIMIT)) is not None


def has_its_documents(bus: Bus) -> bool:
    """Tell whether the documents on the bus and in its archive are of runs of the older tool.

    When no state can be read, the feed decides: that tool works without a state.
    """
    return is_its_state(bus) or (not read_state(bus) and is_its_feed(bus))


def is_as_it_made(bus: Bus, name: str) -> bool:
    """Tell whether a file that a person may write is still as the older tool's `init` made it."""
    data = read_beginning(bus.root / name, limit=_TEXT_LIMIT).replace(b"\r\n", b"\n")
    return sha256(data).hexdigest()[:16] in _ITS_OWN[name]


def _has_settings(bus: Bus, name: str) -> bool:
    from loop_kit.adopt.config import KEYS  # noqa: PLC0415  (every command asks for facts: few have such a file)

    return bool(KEYS & (read_config(bus, name) or {}).keys())


def read_config(bus: Bus, name: str) -> dict[str, Any] | None:
    """Return what one of its config files says, None when it is absent or cannot be read."""
    from loop_kit.adopt.config import read_yaml  # noqa: PLC0415  (as above)

    data = read_beginning(bus.root / name, limit=_TEXT_LIMIT)
    if name.endswith(".json"):
        return _parsed(data) or None
    return read_yaml(data.decode("utf-8", "replace")) or None


def unfilled(bus: Bus, name: str) -> list[str]:
    """Return the placeholders of a template that only the older tool filled."""
    text = read_beginning(bus.root / name, limit=_TEXT_LIMIT).decode("utf-8", "replace")
    return [f"{{{name}}}" for name in PLACEHOLDERS if re.search(rf"\{{{name}\}}", text)]


def _parsed(data: bytes) -> dict[str, Any]:
    """Return the JSON object in `data`, an empty one when there is none."""
    try:
        document = parse(data)
    except DocumentError:
        return {}
    return document if isinstance(document, dict) else {}
