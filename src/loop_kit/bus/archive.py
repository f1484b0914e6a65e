"""Every document of every round, kept: `archive/{run_name}/r{N}_{name}.json`.

Nothing is ever overwritten or lost. Keeping the same bytes again changes nothing; other bytes under the same name
become the next take, `r{N}_{name}.2.json`, and the last take is the valid one. A refused document is kept with the
reason, as `.refused-{k}`.
"""

import os
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from loop_kit.bus import atomic
from loop_kit.bus.bus import Bus
from loop_kit.bus.document import dump, parse, read_json
from loop_kit.bus.files import kept_takes, read_beginning, read_bytes, takes
from loop_kit.errors import DocumentError
from loop_kit.model import documents
from loop_kit.model.manifest import Manifest, digest
from loop_kit.model.redaction import NO_VALUES, Redactor
from loop_kit.model.versions import current, names_of
from loop_kit.values import dataclass
from loop_kit.values.wording import path_text

_READ_LIMIT = 32 << 20
_REFUSED_LIMIT = 8 << 20
_TEXT_LIMIT = 1 << 20
_NAME = re.compile(r"r([0-9]{1,9})_([A-Za-z0-9_-]+)(?:\.(refused-)?([0-9]{1,9}))?\.[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One file of the archive. `take` counts from 1, for refused ones by themselves."""

    round: int
    name: str
    refused: bool
    take: int
    path: Path


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive of one run: the folder `archive/{run_name}`, made when the first document is kept."""

    folder: Path

    @property
    def run_name(self) -> str:
        return self.folder.name

    def file(self, round_number: int, name: str, suffix: str = ".json") -> Path:
        """Return where the first take of a document is kept."""
        return self.folder / f"r{round_number}_{name}{suffix}"

    def put(self, round_number: int, name: str, data: bytes, suffix: str = ".json") -> Path:
        """Keep `data` and return where; the same bytes may be put any number of times."""
        return self._keep(data, takes(self.file(round_number, name, suffix)))

    def move_in(self, round_number: int, name: str, path: Path) -> Path:
        """Keep a file by moving it here, in one step; where its bytes are kept already it is removed instead."""
        data = read_bytes(path, limit=_READ_LIMIT, follow=False)
        atomic.make_folder(self.folder)
        paths = takes(self.file(round_number, name))
        target = next(take for take in paths if not os.path.lexists(take) or _holds(take, data))
        if os.path.lexists(target):
            atomic.remove(path)
        else:
            atomic.move(path, target)
        return target

    def put_document(self, round_number: int, name: str, document: Any) -> Path:
        return self.put(round_number, name, dump(document, name=f"{name} of {self.run_name}"))

    def put_from_bus(self, bus: Bus, kind: str) -> Path | None:
        """Keep a document of this run under the round it names (a summary: its last round); None when it cannot be read."""
        found = bus.read_with_bytes(kind)
        if found is None:
            return None
        document, data = found
        number = 0 if kind == "task_card" else document.get("rounds" if kind == "summary" else "round")
        return self.put(number if type(number) is int and number > 0 else 0, kind, data)

    def put_round(self, round_number: int, documents: Mapping[str, bytes]) -> None:
        """Keep the documents of a round, by kind: the bytes that loop read or wrote, not what is on the bus now."""
        atomic.make_folder(self.folder)
        created = [
            _keep(data, takes(self.file(round_number, kind)), sync_name=False)[1] for kind, data in documents.items()
        ]
        if any(created):
            atomic.sync_names(self.folder)

    def refuse(
        self, round_number: int, name: str, path: Path, reason: str, *, redactor: Redactor = NO_VALUES
    ) -> Path | None:
        """Keep a redacted copy of the file at `path`, and why it was refused; None when there is none."""
        if not os.path.lexists(path):
            return None
        first = self.file(round_number, name)
        data = dump(_refusal(redactor.clean(read_beginning(path, limit=_REFUSED_LIMIT)), reason))
        return self._keep(data, (first.with_suffix(f".refused-{take}.json") for take in count(1)))

    def read(self, round_number: int, name: str) -> Any | None:
        """Return the last take of a document as this loop writes it, None when there is none.

        Raises `DocumentError` when it is unreadable, `NewerError` when a newer loop wrote it.
        """
        kept = self.takes(round_number, name)
        return _current(kept[-1], name, _read(kept[-1])) if kept else None

    def takes(self, round_number: int, name: str) -> list[Path]:
        """Return the takes of a document that are there, the oldest first; an older loop may have used another name."""
        return [path for each in names_of(name) for path in kept_takes(self.file(round_number, each))]

    def find(self, round_number: int, name: str, wanted: str) -> bytes | None:
        """Return the take of a document that has the SHA-256 digest `wanted`, None when there is none."""
        return next(
            (
                data
                for path in reversed(kept_takes(self.file(round_number, name)))
                if sha256(data := read_beginning(path, limit=_READ_LIMIT)).hexdigest() == wanted
            ),
            None,
        )

    def counts(self, round_number: int, name: str, wanted: str) -> bool:
        """Whether the last take of a document, the one that people regard as valid, has that digest."""
        last = kept_takes(self.file(round_number, name))[-1:]
        return any(sha256(read_beginning(path, limit=_READ_LIMIT)).hexdigest() == wanted for path in last)

    def read_manifest(self, wanted: str = "") -> Manifest:
        """Return the manifest, or its take with that digest: a resume may have raised a limit.

        The digest is that of the file as it stands: a newer loop may write the same manifest in other words. Raises
        `DocumentError` when there is none, `NewerError` when a newer loop wrote one.
        """
        for path in reversed(self.takes(0, Manifest.kind)):
            found = _read(path)
            document = _current(path, Manifest.kind, found)
            if wanted in ("", digest(found)):
                return documents.read(Manifest, document, name=path.name)
        raise DocumentError(
            f"the manifest of {self.run_name} is not in {path_text(self.folder)}",
            hint="loop run --reset archives what is there and starts anew",
        )

    def documents(self) -> list[Filed]:
        """Return what was kept of all rounds, by round, name and take, without what was refused."""
        return [filed for filed in self.files() if not filed.refused]

    def files(self) -> list[Filed]:
        """Return everything that was kept, refused documents too."""
        names = atomic.listed(self.folder)
        found = [_filed(self.folder / name, match) for name in names if (match := _NAME.fullmatch(name))]
        return sorted(found, key=lambda filed: (filed.round, filed.name, filed.refused, filed.take))

    def _keep(self, data: bytes, paths: Iterable[Path]) -> Path:
        atomic.make_folder(self.folder)
        return _keep(data, paths)[0]


def _read(path: Path) -> Any:
    return read_json(path, limit=_READ_LIMIT, follow=False)


def _current(path: Path, kind: str, document: Any) -> Any:
    return current(kind, document, name=f"{path.parent.name}/{path.name}")


def _keep(data: bytes, paths: Iterable[Path], *, sync_name: bool = True) -> tuple[Path, bool]:
    """Put `data` at the first of `paths` where nothing else is; return the path, and whether it was written just now."""
    for path in paths:
        if not os.path.lexists(path) and atomic.exclusive_write(path, data, sync_name=sync_name):
            return path, True
        if _holds(path, data):
            return path, False
    raise AssertionError("there is always a next take")


def _holds(path: Path, data: bytes) -> bool:
    try:
        return read_bytes(path, limit=len(data), follow=False) == data
    except (FileNotFoundError, DocumentError):
        return False


def _refusal(data: bytes, reason: str) -> dict[str, Any]:
    try:
        return {"reason": reason, "document": parse(data)}
    except DocumentError:
        text = data[:_TEXT_LIMIT].decode("utf-8", "backslashreplace")
        return {"reason": reason, "text": text if len(data) <= _TEXT_LIMIT else f"{text}…"}


def _filed(path: Path, match: re.Match[str]) -> Filed:
    round_number, name, refused, take = match.groups()
    return Filed(round=int(round_number), name=name, refused=bool(refused), take=int(take or 1), path=path)
