"""Everything a program printed, byte for byte, in bounded space.

When the file is full it becomes `NAME.1`, replacing the one before. A log that cannot be written (the disk is full)
stops and says so in `failure`; it never stops the program it listens to.
"""

import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from loop_kit import folders

LIMIT = 8 * 1024 * 1024


class RawLog:
    """A file to append to; at most twice `limit` bytes on disk, in `path` and `path.1`."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self.limit = limit
        self.failure = ""
        self._size = 0
        self._file: FileIO | None = None
        self._attempt(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        if self._file is not None:
            self._attempt(lambda: self._append(data[-self.limit :]))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            self.failure = f"{self.path} stopped growing: {error.strerror}"
            self.close()

    def _open(self) -> None:
        fd = folders.open_file(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._file = FileIO(fd, "ab")
        self._size = self._file.seek(0, os.SEEK_END)

    def _append(self, data: bytes) -> None:
        if self._size + len(data) > self.limit:
            self._rotate()
        rest = memoryview(data)
        while rest and self._file is not None:
            written = self._file.write(rest)
            self._size += written
            rest = rest[written:]

    def _rotate(self) -> None:
        self.close()
        name, older = self.path.name, f"{self.path.name}.1"
        with folders.opened(self.path.parent) as folder:
            folders.remove_in(folder, older)  # a rename over a file makes ext4 write all of the new one at once
            os.rename(name, older, src_dir_fd=folder, dst_dir_fd=folder)
        self._open()
