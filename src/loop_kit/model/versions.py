"""Which versions of loop's own documents this loop knows.

Of a newer one nothing can be said, not even that it is broken: so it is refused by every command, `--reset` included,
before anything is changed. What has another odd version is an invalid document like any other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from loop_kit.errors import NewerError

KNOWN: Mapping[str, int] = MappingProxyType({"manifest": 1, "state": 1, "summary": 1})


def check_not_newer(kind: str, document: Any, *, name: str) -> None:
    """Raise `NewerError`, which calls the file `name`, when a newer loop wrote it; other documents have no version."""
    known = KNOWN.get(kind)
    version = document.get("schema_version") if isinstance(document, dict) else None
    if known is None or type(version) is not int or version <= known:
        return
    raise NewerError(
        f"{name} has schema_version {version!r:.60}, and this loop knows version {known}",
        hint="a newer loop wrote it: go on with that one; nothing was changed",
    )
