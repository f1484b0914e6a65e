"""The agent programs that the lane runs, each in exactly one version. `npm/package.json` says which."""

import json
from hashlib import sha256
from pathlib import Path

MANIFEST = Path(__file__).parent / "npm"


def versions() -> dict[str, str]:
    """Return the version of each package, by its name."""
    pinned: dict[str, str] = json.loads((MANIFEST / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return pinned


def key() -> str:
    """Return a name for what is pinned: other pins are installed in another place."""
    files = [(MANIFEST / name).read_bytes() for name in ("package.json", "package-lock.json")]
    return sha256(b"\0".join(files)).hexdigest()[:16]
