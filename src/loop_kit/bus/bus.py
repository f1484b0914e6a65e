"""The bus: read and write what lies in `.loop/`, or in `.loop/runs/{task_id}/`.

Only the person's own files may be symbolic links. Every file that an agent may have written is opened as untrusted.
"""

import os
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any

from loop_kit.bus import atomic, delivery
from loop_kit.bus.document import FORM_HINT, dump, parse, read_json
from loop_kit.bus.files import free_name, is_folder, read_bytes
from loop_kit.bus.layout import LIMITS, Layout, kind_of
from loop_kit.bus.own_folders import check_folders
from loop_kit.errors import DocumentError, Outcome, StartError
from loop_kit.model import documents
from loop_kit.model.names import is_task_id
from loop_kit.model.state import RunState
from loop_kit.model.versions import check_not_newer, current
from loop_kit.values import dataclass
from loop_kit.values.wording import path_text

_HINTS = {"state": "loop run --reset archives it and starts anew; nothing in git is touched"}
IGNORES_ALL = b"*\n"
_TEMPLATE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Bus(Layout):
    """The bus at `root`. Nothing is made before `ensure_layout`."""

    def ensure_layout(self) -> None:
        """Make the folders and the `.gitignore` that keeps the bus out of the repository; what is there stays.

        Raises `StartError` for a link in the place of a folder of loop's own.
        """
        check_folders(self)
        for root in sorted({self.default.root, self.root}):
            atomic.make_folder(root)
            atomic.exclusive_write(root / ".gitignore", IGNORES_ALL)
        for folder in (self.archive_root, self.logs, self.runtime):
            atomic.make_folder(folder)

    def remove_leftovers(self) -> list[Path]:
        """Remove what killed writers left half-written. For the holder of the lock."""
        return list(chain.from_iterable(map(atomic.remove_leftovers, self._written_to())))

    def find_leftovers(self) -> list[Path]:
        """Return what `remove_leftovers` would remove."""
        return list(chain.from_iterable(map(atomic.find_leftovers, self._written_to())))

    def _written_to(self) -> Iterator[Path]:
        below = (parent / name for parent in (self.archive_root, self.logs) for name in atomic.listed(parent))
        return chain((self.root, self.runtime, self.logs), filter(is_folder, below))

    def read(self, kind: str) -> dict[str, Any] | None:
        """Return a document as this loop writes it, None when it is absent.

        Raises `DocumentError` when it is no readable JSON object, `NewerError` when a newer loop wrote it.
        """
        try:
            return self._read(self.path(kind), kind)
        except FileNotFoundError:
            return None

    def read_raw(self, kind: str) -> bytes | None:
        """Return a document's bytes, None when it is absent; raise `DocumentError` when they cannot be read."""
        path = self.path(kind)
        try:
            return read_bytes(path, limit=LIMITS[kind_of(kind)], follow=kind == "task_card", name=self.name(path))
        except FileNotFoundError:
            return None

    def read_with_bytes(self, kind: str) -> tuple[dict[str, Any], bytes] | None:
        """Return a document and the bytes it stands in, None when it is absent or unreadable; raises `NewerError`."""
        path = self.path(kind)
        name = self.name(path)
        try:
            data = self.read_raw(kind)
            return None if data is None else (self._checked(parse(data, name=name), kind, name), data)
        except DocumentError:
            return None

    def round_of(self, kind: str) -> int | None:
        """Return the round that a document names, None when it is absent, unreadable or names none."""
        try:
            return round_in(self.read(kind) or {})
        except DocumentError:
            return None

    def write(self, kind: str, document: Any) -> bytes:
        """Put a document, or the value that it describes, on the bus; return its bytes.

        Raises `DocumentError` when it could not be read again.
        """
        path = self.path(kind)
        return self.write_raw(kind, dump(document, name=self.name(path)))

    def write_raw(self, kind: str, data: bytes) -> bytes:
        """Put the bytes of a document on the bus and return them; raises `DocumentError` when they are too many."""
        path = self.path(kind)
        if len(data) > LIMITS[kind_of(kind)]:
            limit = LIMITS[kind_of(kind)] >> 20
            raise DocumentError(f"{self.name(path)} would be larger than {limit} MiB", hint="it has to be shorter")
        if is_folder(path):
            self.set_aside(path)
        atomic.write_bytes(path, data)
        return data

    def install(self, kind: str, document: Mapping[str, Any]) -> bytes:
        """Put the document that a dispatch submitted on the bus, in loop's own form; return its bytes."""
        return self.write(kind, document)

    def remove(self, kind: str) -> None:
        """Take a document off the bus; never the person's card."""
        if kind == "task_card":
            raise ValueError("the task card belongs to the person")
        path = self.path(kind)
        if is_folder(path):
            self.set_aside(path)
        else:
            atomic.remove(path)

    def remove_all(self, kinds: Iterable[str]) -> None:
        """Take documents of loop's own off the bus, with one sync for all."""
        for kind in kinds:
            atomic.remove(self.path(kind), durable=False)
        atomic.sync_names(self.root)

    def read_state(self) -> RunState | None:
        document = self.read("state")
        return None if document is None else documents.read(RunState, document, name=self.name(self.state_path))

    def put_state(self, state: RunState) -> None:
        """Write the state: the commit point of everything done before."""
        self.write("state", state)

    def read_card(self, path: Path | None = None) -> dict[str, Any]:
        """Return the card at `path`, by default the one on the bus; raise `DocumentError` when there is none."""
        path = path or self.card_path
        try:
            return _object(read_json(path, limit=LIMITS["task_card"]), path_text(path), FORM_HINT)
        except FileNotFoundError:
            hint = "write one, or name it with --task; loop init makes an example"
            raise DocumentError(f"there is no task card at {path_text(path)}", hint=hint) from None

    def read_template(self, name: str) -> bytes | None:
        """Return a template of the person's, None when it is absent; raise `DocumentError` when it cannot be read."""
        path = self.templates / name
        try:
            return read_bytes(path, limit=_TEMPLATE_LIMIT, name=self.name(path))
        except FileNotFoundError:
            return None

    def context_texts(self, *, limit: int) -> list[tuple[Path, str]]:
        """Return the files `context/*.md`, each of at most `limit` bytes; raise `DocumentError` for a bad one."""
        return [(path, self._text(path, limit)) for path in sorted(self.context.glob("*.md"))]

    def check_task(self, task_id: str) -> None:
        """Raise `StartError` when this is the bus of another task."""
        if self.task_id not in ("", task_id):
            raise StartError(
                f"{self.root} is the bus of {self.task_id}, and the card is that of {task_id}",
                hint=f"--loop-dir {shlex.quote(path_text(self.runs_root / task_id))} names the bus of {task_id}",
            )

    def is_approved(self, task_id: str) -> bool:
        """Tell whether a run of this task was approved: the last one on the default bus or on the task's own, or an archived one.

        Only a document with a version counts, because loop wrote it; other tools did not ask git.
        """
        roots = [self.default.root, *([self.runs_root / task_id] if is_task_id(task_id) else [])]
        return any(_has_approved(Bus(root), task_id) for root in roots)

    def stop_files(self) -> list[Path]:
        """Return each file that asks the run on this bus to end: its own, and that of the default bus, which is for all."""
        return [path for path in dict.fromkeys((self.stop_path, self.default.stop_path)) if os.path.lexists(path)]

    def stop_requested(self) -> bool:
        return bool(self.stop_files())

    def open_outbox(self, dispatch_id: str, kind: str) -> Path:
        """Make an empty, private outbox for one dispatch; an older one of that name is removed."""
        return delivery.open_outbox(self.outbox(dispatch_id), classic=self.path(kind))

    def collect(self, dispatch_id: str, kind: str) -> dict[str, Any] | None:
        """Return what a dispatch submitted, None for nothing; raise `DocumentError` when it is unreadable.

        Call it when all processes of the dispatch have ended, and before `clear_outbox`.
        """
        paths = self.handed_in(dispatch_id, kind)
        return self.read_handed_in(paths[0], kind) if paths else None

    def handed_in(self, dispatch_id: str, kind: str) -> tuple[Path, ...]:
        """Return every file that a dispatch submitted; the first is the valid one."""
        return delivery.find(self.outbox(dispatch_id), classic=self.path(kind))

    def read_handed_in(self, path: Path, kind: str) -> dict[str, Any]:
        """Return a submitted document; raise `DocumentError` when it is unreadable."""
        return self._read(path, kind)

    def clear_outbox(self, dispatch_id: str) -> None:
        delivery.clear(self.outbox(dispatch_id))

    def newest_outbox(self, prefix: str) -> str:
        """Return the dispatch whose outbox is there and whose name is `prefix` and a number, the last of them; else ""."""
        names = (name for name in atomic.listed(self.runtime) if name.startswith(prefix))
        known = [name for name in names if name.removeprefix(prefix).isdecimal() and is_folder(self.runtime / name)]
        return max(known, key=lambda name: int(name.removeprefix(prefix)), default="")

    def clear_runtime(self, *, keep: Collection[str] = ()) -> None:
        """Remove what killed processes left in `runtime/`, except the outboxes of the dispatches in `keep`."""
        kept = {path.name for name in keep for path in delivery.parts(self.outbox(name))}
        for name in atomic.listed(self.runtime):
            entry = self.runtime / name
            if name in kept:
                continue
            if is_folder(entry):
                delivery.clear(entry)
            else:
                atomic.remove(entry)

    def set_aside(self, path: Path) -> Path:
        """Move what is not a document to the unfiled ones: it may be somebody's work, so loop does not delete it."""
        atomic.make_folder(self.unfiled)
        target = free_name(self.unfiled, path.stem)
        atomic.move(path, target)
        return target

    def _read(self, path: Path, kind: str) -> dict[str, Any]:
        name, hint = self.name(path), _HINTS.get(kind_of(kind), FORM_HINT)
        document = read_json(path, limit=LIMITS[kind_of(kind)], follow=kind == "task_card", name=name, hint=hint)
        return self._checked(document, kind, name, hint)

    def _checked(self, document: Any, kind: str, name: str, hint: str = FORM_HINT) -> dict[str, Any]:
        return _object(current(kind, document, name=name), name, hint)

    def _text(self, path: Path, limit: int) -> str:
        name = self.name(path)
        try:
            return read_bytes(path, limit=limit, name=name).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DocumentError(
                f"{name} is not UTF-8 text: {error.reason}", hint="correct it or move it away"
            ) from None
        except FileNotFoundError:
            raise DocumentError(f"{name} is a link to nothing", hint="correct it or move it away") from None


def _has_approved(bus: Bus, task_id: str) -> bool:
    runs = (bus.archive_root / name for name in atomic.listed(bus.archive_root) if _is_run_of(task_id, name))
    archived = (run / name for run in runs for name in atomic.listed(run) if fnmatchcase(name, "r*_summary*.json"))
    return any(_tells_approval(bus, path, task_id) for path in (bus.state_path, bus.path("summary"), *archived))


def _tells_approval(bus: Bus, path: Path, task_id: str) -> bool:
    try:
        document = read_json(path, limit=LIMITS["summary"], follow=False)
    except (FileNotFoundError, DocumentError):
        return False
    check_not_newer("state" if path == bus.state_path else "summary", document, name=bus.name(path))
    if not isinstance(document, dict) or type(document.get("schema_version")) is not int:
        return False
    return (document.get("task_id"), document.get("outcome")) == (task_id, Outcome.APPROVED)


def _is_run_of(task_id: str, run_name: str) -> bool:
    return run_name.partition("@")[0] == task_id


def round_in(document: Mapping[str, Any]) -> int | None:
    """Return the round that a document names, None when it names none."""
    found = document.get("round")
    return found if type(found) is int and found >= 0 else None


def _object(document: Any, name: str, hint: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise DocumentError(f"{name} is not a JSON object", hint=hint)
    return document
