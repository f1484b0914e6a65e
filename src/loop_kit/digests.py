"""SHA-256 without OpenSSL: `hashlib` loads it for every process, which takes longer than all digests of a round.

The interpreter has its own. For large data, such as the output of checks, `hashlib` is faster and worth its start.
"""

from pathlib import Path
from typing import Protocol

try:
    from _sha2 import sha256 as _sha256  # type: ignore[import-not-found]  # Python 3.12 and later, without stubs
except ImportError:
    try:
        from _sha256 import sha256 as _sha256  # type: ignore[import-not-found]  # Python 3.11, the same
    except ImportError:  # an interpreter built without them
        from hashlib import sha256 as _sha256


class Digest(Protocol):
    """What a hash object can do, as far as loop needs it."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


_PART = 1 << 18


def sha256(data: bytes = b"") -> Digest:
    digest: Digest = _sha256(data)
    return digest


def file_digest(path: Path) -> Digest:
    """Return the digest of a file's content; raise `OSError` when it cannot be read."""
    digest = sha256()
    with path.open("rb") as file:
        while part := file.read(_PART):
            digest.update(part)
    return digest
