"""Keep keys out of what loop writes down: by their values, and by the shapes that keys are known to have.

What an agent prints passes through here before anything is kept of it. Diffs never do: they are git's.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from loop_kit.values import dataclass
from loop_kit.values.wording import step

MARK = "[redacted]"
# Longest piece of an unfinished line that is held back, in bytes, so that a key is seen in one piece.
LONGEST_KEY = 4096
_SHORTEST = 8  # a shorter value is a word that stands anywhere
_SECRET_NAME = re.compile(
    r"(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|AUTH)(_|$)", re.IGNORECASE
)
# A byte, a marker, and the shapes that contain both: a byte is found at the speed of memory, and a marker that begins with a
# rare letter several times faster than the shapes.
_SHAPES: tuple[tuple[bytes, bytes, tuple[bytes, ...]], ...] = (
    (b"-", rb"k(?<=sk)-", (rb"sk-[A-Za-z0-9_-]{20,}",)),
    (b"A", rb"A(?:Iza|KIA)", (rb"AIza[A-Za-z0-9_-]{35}", rb"AKIA[A-Z0-9]{16}")),
    (
        b"g",
        rb"g(?:h[opsur]_|ithub_pat_|lpat-)",
        (rb"gh[opsur]_[A-Za-z0-9]{36,}", rb"github_pat_[A-Za-z0-9_]{22,}", rb"glpat-[A-Za-z0-9_-]{20,}"),
    ),
    (b"-", rb"xox[abeprs]-", (rb"xox[abeprs]-[A-Za-z0-9-]{10,}",)),
    (b"9", rb"9(?<=ya29)\.", (rb"ya29\.[A-Za-z0-9_-]{20,}",)),
    (b"J", rb"J(?<=eyJ)", (rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",)),
    (
        b"-",
        rb"PRIVATE KEY-----",
        (rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----",),
    ),
)
_SIGNS = tuple(
    # The shapes are compiled when a marker was found: most text has none.
    (byte, re.compile(sign), tuple(rb"(?<![A-Za-z0-9])" + shape for shape in shapes))
    for byte, sign, shapes in _SHAPES
)
_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_+/=.-]{24,}")


@dataclass(frozen=True, slots=True)
class Redactor:
    """`values` are hidden wherever they occur, the longest first."""

    values: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Redactor":
        """Return one that hides the values of variables whose names say that they are secret."""
        found = {value for name, value in environment.items() if _SECRET_NAME.search(name) and _may_be_key(value)}
        spellings = {text for value in found for text in (value, json.dumps(value)[1:-1])}
        return cls(tuple(sorted((text.encode(errors="surrogateescape") for text in spellings), key=len, reverse=True)))

    def clean(self, data: bytes) -> bytes:
        """Return `data` with every key in it replaced by a mark."""
        for value in self.values:
            if value in data:
                data = data.replace(value, MARK.encode())
        for byte, sign, patterns in _SIGNS:
            if byte in data and sign.search(data):
                for pattern in patterns:
                    data = re.sub(pattern, MARK.encode(), data)
        return data

    def clean_text(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        cleaned = self.clean(data)
        return text if cleaned is data else cleaned.decode("utf-8", "surrogatepass")

    def clean_document(self, part: Any) -> Any:
        """Return a document with the keys in its texts replaced; names of fields stay."""
        match part:
            case str():
                return self.clean_text(part)
            case list():
                return [self.clean_document(each) for each in part]
            case dict():
                return {name: self.clean_document(each) for name, each in part.items()}
            case _:
                return part


NO_VALUES = Redactor()


def find_key(config: Mapping[str, Any]) -> str | None:
    """Return `.field: what` about the first key that stands in a config, None when there is none: configs are archived."""
    for where, name, value in _texts(config):
        if _looks_like_key(name, value):
            return (
                f"{where}: a key does not belong in a file that every run archives; set it in your own environment and "
                f"name the variable in [env] pass"
            )
    return None


def _texts(part: Any, at: str = "", name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, name and value of every text; an entry of a list has no name."""
    match part:
        case str():
            yield at, name, part
        case dict():
            for key, value in part.items():
                yield from _texts(value, at + step(key), key)
        case list():
            for index, value in enumerate(part):
                yield from _texts(value, f"{at}[{index}]")


def _looks_like_key(name: str, value: str) -> bool:
    if NO_VALUES.clean_text(value) != value:
        return True
    return bool(_SECRET_NAME.search(name) and _RANDOM.fullmatch(value))


def _may_be_key(value: str) -> bool:
    return len(value) >= _SHORTEST and not value.startswith(("/", "~", "http://", "https://"))
