"""Names as git quotes them: read back, and written so that one fits into a sentence."""

import re

from loop_kit.values.wording import path_text

_SIGNS = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_OCTAL_DIGITS = 3


def unquoted(name: bytes) -> bytes:
    """Return a path that git may have quoted, with its escapes decoded."""
    quoted = len(name) > 1 and name.startswith(b'"') and name.endswith(b'"')
    return _ESCAPE.sub(_byte, name[1:-1]) if quoted else name


def meant(claimed: str) -> tuple[str, ...]:
    """Return the paths, in the form of `path_text`, that a report can mean: as written, or as git quotes it."""
    raw = claimed.encode("utf-8", "surrogateescape" if _is_bytes(claimed) else "backslashreplace")
    bare = _ESCAPE.sub(_byte, raw) if b"\\" in raw else raw
    return tuple(dict.fromkeys((claimed, *map(path_text, (raw, unquoted(raw), bare)))))


def harmless(name: str) -> str:
    """Return a name as one piece of a sentence, with line breaks and control characters escaped."""
    return name if name.isprintable() else "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)


def _is_bytes(claimed: str) -> bool:
    """Whether surrogates stand for bytes that are not text, as Python passes them on."""
    surrogates = [sign for sign in claimed if "\ud800" <= sign <= "\udfff"]
    return bool(surrogates) and all("\udc80" <= sign <= "\udcff" for sign in surrogates)


def _byte(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    if len(escape) == _OCTAL_DIGITS:
        return bytes([int(escape, 8) & 0xFF])
    return _SIGNS.get(escape, escape)
