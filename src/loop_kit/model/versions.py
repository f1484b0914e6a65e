"""Versions of loop's own documents: an older one is lifted to the current form, a newer one is refused.

Of a newer one nothing can be said, not even that it is broken: so every command refuses it, `--reset` included, before
anything is changed. What has another odd version is an invalid document like any other.

Version 2 calls the charter a manifest and the place of a run its name, and has under `paying` dispatches by name.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from loop_kit.errors import NewerError

KNOWN: Mapping[str, int] = MappingProxyType({"manifest": 2, "state": 2, "summary": 2})
# What documents were called by older loops, in the names of files too.
_FORMER_NAMES: Mapping[str, str] = MappingProxyType({"charter": "manifest"})


def kind_of(name: str) -> str:
    """Return the kind of document that an archived file of that name holds."""
    return _FORMER_NAMES.get(name, name)


def names_of(kind: str) -> tuple[str, ...]:
    """Return the names that archived documents of a kind may have, the one that this loop gives last."""
    return *(name for name, now in _FORMER_NAMES.items() if now == kind), kind


def check_not_newer(kind: str, document: Any, *, name: str) -> None:
    """Raise `NewerError`, which calls the file `name`, when a newer loop wrote it; other documents have no version."""
    version, known = _version(document), KNOWN.get(kind)
    if known is None or version is None or version <= known:
        return
    raise NewerError(
        f"{name} has schema_version {version!r:.60}, and this loop knows version {known}",
        hint="a newer loop wrote it: go on with that one; nothing was changed",
    )


def current(kind: str, document: Any, *, name: str) -> Any:
    """Return a document as this loop writes it, whatever loop wrote it; raise `NewerError` as `check_not_newer` does.

    The document itself stays as it is. One that is broken may be returned as broken as before: its reader names the field.
    """
    check_not_newer(kind, document, name=name)
    while (version := _version(document)) is not None and (kind, version) in _LIFTED:
        document = {**_LIFTED[kind, version](document), "schema_version": version + 1}
    return document


def _version(document: Any) -> int | None:
    version = document.get("schema_version") if isinstance(document, dict) else None
    return version if type(version) is int else None


def _renamed(entries: Any, old: str, new: str) -> Any:
    """Return a document with another name for one field; one that has both keeps them, and its reader refuses the old."""
    if not isinstance(entries, dict) or new in entries:
        return entries
    return {new if name == old else name: value for name, value in entries.items()}


def _with_run_name(document: dict[str, Any]) -> Any:
    return _renamed(document, "place", "run_name")


def _state_of_version_2(state: dict[str, Any]) -> Any:
    state = dict(_with_run_name(state))
    if "digests" in state:
        state["digests"] = _renamed(state["digests"], "charter", "manifest")
    if isinstance(role := state.get("paying"), str):
        name = f"{state.get('run_name')}-r{state.get('round')}-{role}-{state.get('dispatches')}"
        state["paying"] = {name: role} if role else {}
    return state


# By kind and version: what makes a document one of the next version.
_LIFTED: Mapping[tuple[str, int], Callable[[dict[str, Any]], Any]] = MappingProxyType(
    {
        ("manifest", 1): _with_run_name,
        ("state", 1): _state_of_version_2,
        ("summary", 1): _with_run_name,
    }
)
