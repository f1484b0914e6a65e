"""The lines of the feed as bytes: written to fit, read from either end with bounded memory."""

import json
import math
import os
from collections.abc import Collection, Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from loop_kit.bus.document import parse
from loop_kit.errors import DocumentError
from loop_kit.model.feed_event import FeedEvent
from loop_kit.model.state import LogAnchor
from loop_kit.values import dataclass, reading, replace
from loop_kit.values.wording import FieldError

LINE_LIMIT = 64 << 10
_CHUNK = 64 << 10
_ROOMS = (LINE_LIMIT, 8192, 1024, 128, 16)
_DEPTH_LIMIT = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `start` is its offset in the file, `digest` that of its bytes; `event` is None when it is broken.

    `ended` tells whether a newline follows; without one an incomplete line may still be being written.
    """

    start: int
    digest: str
    event: FeedEvent | None
    ended: bool


def fitting(event: FeedEvent) -> tuple[FeedEvent, bytes]:
    """Return the event and its line without newline, with `data` shortened until the line keeps to `LINE_LIMIT`."""
    for room in _ROOMS:
        short = replace(event, data=_shortened(event.data, room, 0))
        line = _encode(short)
        if len(line) <= LINE_LIMIT:
            return short, line
    short = replace(event, data={"dropped": "the data were too large for one line"})
    return short, _encode(short)


def forwards(file: BinaryIO, marks: Collection[bytes] = ()) -> Iterator[Line]:
    """Yield the lines from where the file stands to its end; with `marks` only lines that contain one of them are parsed."""
    start = file.tell()
    while piece := file.readline(LINE_LIMIT + 1):
        first, digest, size = piece, sha256(), 0
        while piece:
            size += len(piece)
            digest.update(piece.removesuffix(b"\n"))
            if piece.endswith(b"\n"):
                break
            piece = file.readline(LINE_LIMIT + 1)
        ended = bool(piece)
        wanted = not marks or any(mark in first for mark in marks)
        event = read_event(first) if wanted and size - ended <= LINE_LIMIT else None
        yield Line(start, digest.hexdigest(), event, ended)
        start += size


def backwards(fd: int) -> Iterator[Line]:
    """Yield the lines from the last to the first."""
    size = os.fstat(fd).st_size
    if size == 0:
        return
    ended = os.pread(fd, 1, size - 1) == b"\n"
    for start, stop in _spans_backwards(fd, size - ended):
        whole = os.pread(fd, stop - start, start) if stop - start <= LINE_LIMIT else None
        digest = _digest(fd, start, stop) if whole is None else sha256(whole).hexdigest()
        yield Line(start, digest, None if whole is None else read_event(whole), ended)
        ended = True


def read_event(line: bytes) -> FeedEvent | None:
    """Return the event in a line, or None when it is anything else."""
    try:
        return reading.read(FeedEvent, parse(line))
    except (DocumentError, FieldError):
        return None


def anchor_line(anchor: LogAnchor) -> bytes:
    """Return an anchor as the blob that git keeps."""
    return json.dumps(reading.write(anchor)).encode() + b"\n"


def read_anchor(line: bytes) -> LogAnchor | None:
    """Return the anchor in a blob, or None when it is anything else."""
    try:
        return reading.read(LogAnchor, parse(line))
    except (DocumentError, FieldError):
        return None


def _spans_backwards(fd: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each line, from the last; `end` is the end of the file without its last newline."""
    stop = position = end
    while position > 0:
        begin = max(0, position - _CHUNK)
        chunk = os.pread(fd, position - begin, begin)
        cut = len(chunk)
        while (cut := chunk.rfind(b"\n", 0, cut)) >= 0:
            yield begin + cut + 1, stop
            stop = begin + cut
        position = begin
    yield 0, stop


def _digest(fd: int, start: int, stop: int) -> str:
    digest = sha256()
    while start < stop and (chunk := os.pread(fd, min(_CHUNK, stop - start), start)):
        digest.update(chunk)
        start += len(chunk)
    return digest.hexdigest()


def _encode(event: FeedEvent) -> bytes:
    text = json.dumps(reading.write(event), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def _shortened(value: Any, room: int, depth: int) -> Any:
    """Return plain JSON with texts of at most `room` characters and as many entries: what any strict reader takes."""
    match value:
        case dict() | list() | tuple() if depth > _DEPTH_LIMIT:
            short: Any = "…"
        case dict():
            short = {str(key)[:room]: _shortened(value[key], room, depth + 1) for key in list(value)[:room]}
        case list() | tuple():
            short = [_shortened(entry, room, depth + 1) for entry in value[:room]]
        case str():
            short = str(value) if len(value) <= room else f"{value[:room]}…"
        case float() if not math.isfinite(value):
            short = str(value)
        case int() if abs(value) >= 1 << 63:
            short = hex(value)[:room]
        case _:
            short = value
    return short
