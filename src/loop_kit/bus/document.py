"""JSON on the bus: written in one form, read strictly (`values.strict_json`).

Nesting is limited as well, so that every later step can walk a document.
"""

import json
from pathlib import Path
from typing import Any

from loop_kit.bus import atomic
from loop_kit.bus.files import read_bytes
from loop_kit.errors import DocumentError
from loop_kit.values.reading import write
from loop_kit.values.strict_json import DECODER
from loop_kit.values.wording import path_text

DEPTH_LIMIT = 100
FORM_HINT = "it has to be one JSON object in UTF-8; loop validate FILE looks at it again"


def dump(document: Any, *, name: str = "a document") -> bytes:
    """Return the bytes of a document, or of the value that it describes.

    They are UTF-8 with two spaces of indent and a final newline; lone surrogates are escaped.
    """
    try:
        text = json.dumps(write(document), indent=2, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        raise DocumentError(f"{name} holds what JSON cannot say: NaN, an infinity, or nesting without end") from None
    # Within a JSON string Python's escape for a lone surrogate is exactly JSON's.
    return (text + "\n").encode("utf-8", "backslashreplace")


def parse(data: bytes, *, name: str = "a document", hint: str = FORM_HINT) -> Any:
    """Return the document in `data`; raise `DocumentError` with what is wrong. A byte order mark is tolerated."""
    try:
        document = DECODER.decode(data.decode("utf-8-sig"))
        if data.count(b"{") + data.count(b"[") >= DEPTH_LIMIT:  # fewer brackets cannot be nested deeper
            _check_depth(document)
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name} is not UTF-8: byte {data[error.start]:#04x} at {error.start}", hint=hint) from None
    except RecursionError:
        raise DocumentError(f"{name} is nested too deeply", hint=hint) from None
    except ValueError as error:
        wrong = f"not sound JSON: {error}" if data.strip() else "empty"
        raise DocumentError(f"{name} is {wrong}", hint=hint) from None
    return document


def read_json(path: Path, *, limit: int, follow: bool = True, name: str = "", hint: str = FORM_HINT) -> Any:
    """Return the document at `path`; raise `FileNotFoundError`, or `DocumentError` which calls the file `name`."""
    said = name or path_text(path)
    return parse(read_bytes(path, limit=limit, name=said, follow=follow), name=said, hint=hint)


def write_json(path: Path, document: Any) -> None:
    atomic.write_bytes(path, dump(document, name=path_text(path)))


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(DEPTH_LIMIT):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {DEPTH_LIMIT} levels")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []
