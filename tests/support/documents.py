"""Documents as they come from files, valid and small, made anew for each test; and ways to spoil them."""

import copy
from typing import Any

SHA = "4f1c2d3e" * 5
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    1,
    -1,
    1.5,
    "",
    "odd",
    "T-001",
    "../up",
    [],
    [1],
    ["x"],
    {},
    {"x": 1},
    {"x": "y"},
)
MISSING = object()


def card() -> dict[str, Any]:
    return {
        "task_id": "T-001",
        "goal": "Long durations are shown in hours.",
        "acceptance_criteria": ["3700 is 1h 1m 40s."],
    }


def issue() -> dict[str, Any]:
    return {
        "severity": "high",
        "file": "src/duration.txt:12",
        "reason": "Hours are never shown.",
        "required_change": "Show them.",
    }


def spending() -> dict[str, Any]:
    return {
        "dispatches": 2,
        "seconds": 31.5,
        "input_tokens": 12,
        "cached_tokens": None,
        "output_tokens": 3,
        "reasoning_tokens": None,
        "cost_usd": 0.25,
        "counted_usd": 1.25,
        "uncounted": 1,
        "unpriced": 1,
    }


def state() -> dict[str, Any]:
    return {
        "schema_version": 2,
        "run_id": "run-1",
        "run_name": "T-001@2",
        "task_id": "T-001",
        "state": "awaiting_work",
        "round": 2,
        "outcome": None,
        "error": "",
        "hint": "",
        "base_sha": SHA,
        "head_sha": SHA,
        "branch": "main",
        "started_at": "2025-01-31T08:00:00.000Z",
        "updated_at": "2025-01-31T08:05:00.000Z",
        "dispatches": 2,
        "paying": {},
        "backends": {"worker": "codex"},
        "spent": {"worker": spending()},
        "round_spent": {},
        "programs": {"codex": {"path": "/usr/bin/codex", "stamp": "7-8", "version": "1.2.3"}},
        "sessions": {
            "worker": {
                "backend": "codex",
                "session_id": "s-1",
                "round": 1,
                "rounds": 1,
                "counted": {
                    "input_tokens": 12,
                    "cached_tokens": None,
                    "output_tokens": 3,
                    "reasoning_tokens": None,
                    "cost_usd": None,
                },
            }
        },
        "round_details": [
            {
                "round": 1,
                "head_sha": SHA,
                "tree": SHA,
                "decision": "changes_required",
                "judged_by": "reviewer",
                "blocking": 1,
                "ended_at": "2025-01-31T08:05:00.000Z",
                "spent": {"worker": spending()},
                "digests": {"checks": "22"},
            }
        ],
        "digests": {"manifest": "00"},
        "watch": {"hooks": "11"},
        "passed": ["tests"],
        "log": {"seq": 12, "digest": "5c" * 32},
    }


def manifest() -> dict[str, Any]:
    texts = ("agents_md", "worker_role", "reviewer_role", "worker_template", "reviewer_template", "context")
    return {
        "schema_version": 2,
        "run_id": "run-1",
        "run_name": "T-001",
        "base_sha": SHA,
        "branch": "",
        "card": {**card(), "ticket": "a field of the person's own"},
        "settings": {"run": {"max_rounds": 5}},
        "people": ["reviewer"],
        "texts": {name: f"The text of {name}." for name in texts},
        "untracked": ["notes.txt"],
        "start_tree": None,
        "scratch": "/var/cache/loop/T-001",
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value within a document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, entry in entries for place in places(entry, (*path, key)))]


def with_value(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    spot = changed
    for key in path[:-1]:
        spot = spot[key]
    if value is MISSING:
        del spot[path[-1]]
    else:
        spot[path[-1]] = value
    return changed
