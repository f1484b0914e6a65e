"""loop, filmed: before each thing that it does to the world, the world is copied.

    python -P -E recording.py SHOTS STAGE ARGS…     runs `loop ARGS`; SHOTS gets a folder for each new state of STAGE

A round process that is started from it is filmed too. Each shot is what a kill of everybody at that instant leaves on
the disk. Beside it lie, as far as they differ, what a torn write would have left, and what a machine that lost its
power may have left: files that nobody synced are empty there, names that nobody synced are the old ones, and the feed ends
where it was synced last.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2]))
from tests.support.dying import ROUND, STAND_BY, Fate, lay

# News: they may be lost, and they come while an agent works, when nobody can copy its tree in one piece.
NEWS = (".out.log", ".err.log", "feed.jsonl", "lock")
FEED = "feed.jsonl"
BEAT = ".heartbeat.json"  # the half-written one too


class Camera(Fate):
    """Tells every deed, and takes a picture before it."""

    def __init__(self, shots: Path, stage: Path) -> None:
        shots.mkdir(parents=True, exist_ok=True)
        super().__init__("0", str(shots / "journal"))
        self.shots, self.stage = shots, stage
        self.bus = stage / "repo/.loop"
        self.who = "round" if ROUND in sys.argv else "pm"
        self.busy = False
        self.real_popen = subprocess.Popen.__init__
        self.gits: list[int] = []
        self.synced = shots / "feed.synced"  # how much of the feed is: one process syncs what another wrote
        # What the disk need not know yet: path -> how it was before, by what was done.
        self.unsynced_data: set[Path] = set()
        self.unsynced_names: dict[Path, bytes | None] = {}

    def comes(self, deed: str, *what: object) -> bool:
        if self.busy or os.getpid() != self.process or STAND_BY in str(what):
            return False  # a process that stands by is started in the middle of a round, and changes nothing
        self.busy = True
        try:
            self._film(deed, *what)
        finally:
            self.busy = False
        return False

    def write(self, fd: int, data: Any) -> int:
        if self.busy or os.getpid() != self.process or fd not in self.paths:
            return self.real_write(fd, data)
        path = Path(self.paths[fd])
        self.comes("write", fd)
        half = self.real_write(fd, bytes(data)[: len(data) // 2])
        self.busy = True
        try:
            if self._mine(path):
                self._take(f"torn write {path.name}")
                self.unsynced_data.add(path)
        finally:
            self.busy = False
        return half + self.real_write(fd, bytes(data)[half:])

    def runs(self, pid: int, args: Any) -> None:
        if args[0] == "git":
            self.gits.append(pid)

    def program(self, args: Any) -> Any:
        if ROUND not in args:
            return args
        begin = list(args).index("loop_kit") + 1
        return [sys.executable, "-P", "-E", __file__, str(self.shots), str(self.stage), *list(args)[begin:]]

    def _film(self, deed: str, *what: object) -> None:
        paths = [Path(str(self.paths.get(each, each) if isinstance(each, int) else each)) for each in what]
        name = f"{deed} {' '.join(path.name for path in paths)}"[:200]
        at_work = deed == "started"  # the program is at it: the next picture shows what it left
        anchoring = deed == "fsync" and paths[0].name == FEED
        if anchoring or (not at_work and not any(map(_is_news, paths))):
            self._take(name)
            self._take_lost(name, always=anchoring)
        if anchoring:
            self.synced.write_text(str(paths[0].stat().st_size), encoding="utf-8")
        self._remember(deed, paths)

    def _remember(self, deed: str, paths: list[Path]) -> None:
        """Keep what this deed changes until it is synced."""
        here = [path for path in paths if self._mine(path)]
        if not here:
            return
        if deed == "fsync":
            self.unsynced_data.discard(here[0])
            for path in [path for path in self.unsynced_names if path.parent == here[0]]:
                del self.unsynced_names[path]
        elif deed in {"rename", "replace", "link", "unlink", "remove"}:
            target = here[-1]
            if not target.name.endswith(".tmp"):
                self.unsynced_names.setdefault(target, target.read_bytes() if target.is_file() else None)
            if deed != "link" and here[0] in self.unsynced_data:
                self.unsynced_data.discard(here[0])
                if len(here) > 1:
                    self.unsynced_data.add(target)
            elif deed == "link" and here[0] in self.unsynced_data:
                self.unsynced_data.add(target)

    def _mine(self, path: Path) -> bool:
        """Whether it is one of the files that must survive: what is logged, and half of a file, need not."""
        inner = path.is_relative_to(self.bus) and not path.is_relative_to(self.bus / "logs")
        return inner and not _is_news(path)

    def _take(self, name: str) -> Path | None:
        """Copy the stage unless the last picture shows the same; a git that was begun before has left its mark by then."""
        for pid in self.gits:
            with suppress(ChildProcessError):  # somebody has waited for it already
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        self.gits.clear()
        seen, readable = digests(self.stage)
        shot = self.shots / seen
        line = {"who": self.who, "deed": name, "state": seen, "readable": readable}
        self.real_write(self.journal, json.dumps(line).encode() + b"\n")
        if shot.exists():
            return None
        making = self.shots / f".{seen}"
        copy(self.stage, making)
        making.rename(shot)
        return shot

    def _take_lost(self, name: str, *, always: bool) -> None:
        """Take the picture that a machine without power may leave, when there is something it may forget.

        That it may forget the end of the feed alone is so at most times: to be shown `always` is when that matters.
        """
        lost = [path for path in self.unsynced_data if path.is_file() and not path.name.endswith(".tmp")]
        if not lost and not self.unsynced_names and not always:
            return
        making = self.shots / f".lost-{os.getpid()}"
        copy(self.stage, making)
        for path in lost:
            (making / path.relative_to(self.stage)).write_bytes(b"")
        for path, before in self.unsynced_names.items():
            there = making / path.relative_to(self.stage)
            if before is not None:
                with suppress(OSError):
                    there.write_bytes(before)
            elif not there.is_dir():
                there.unlink(missing_ok=True)
        self._cut_feed(making / "repo/.loop/logs" / FEED)
        seen, readable = digests(making)
        forgotten = [path.name for path in (*lost, *self.unsynced_names)]
        line = {"who": self.who, "deed": f"unsynced {forgotten} before {name}", "state": seen, "readable": readable}
        self.real_write(self.journal, json.dumps(line).encode() + b"\n")
        if (self.shots / seen).exists():
            shutil.rmtree(making)
        else:
            making.rename(self.shots / seen)

    def _cut_feed(self, feed: Path) -> None:
        if feed.exists():
            synced = int(self.synced.read_text(encoding="utf-8")) if self.synced.exists() else 0
            os.truncate(feed, min(synced, feed.stat().st_size))


def _is_news(path: Path) -> bool:
    return path.name.endswith(NEWS) or BEAT in path.name


def copy(source: Path, target: Path) -> None:
    """Copy a tree with its times, by a program that is no child of loop's own making."""
    pid = os.posix_spawn("/bin/cp", ["cp", "-a", str(source), str(target)], os.environ)
    status = os.waitpid(pid, 0)[1]
    assert status == 0, f"cp {source} failed with {status}"


def digests(stage: Path) -> tuple[str, str]:
    """Return the digest of what matters of a stage: not git's index, logs and objects, which say the same twice.

    In the second one the content of half-written files does not count, only that they are there: nobody reads them.
    """
    seen, readable = sha256(), sha256()
    for folder, names, files in os.walk(stage):
        inner = folder[len(str(stage)) + 1 :]
        if inner == "repo/.git":
            names[:] = [name for name in names if name not in {"objects", "logs", "hooks", "info"}]
        names.sort()
        for name in names:
            _count(f"{inner}/{name}/", b"", seen, readable)
        for name in sorted(files):
            if name in {"index", "ORIG_HEAD", "COMMIT_EDITMSG"} and ".git" in inner:
                continue
            with suppress(FileNotFoundError):
                content = _content(f"{folder}/{name}")
                _count(f"{inner}/{name}", content, seen)
                _count(f"{inner}/{name}", b"" if name.endswith(".tmp") else content, readable)
    return seen.hexdigest()[:20], readable.hexdigest()[:20]


def _count(name: str, content: bytes, *into: Any) -> None:
    for each in into:
        each.update(os.fsencode(f"{name}\0") + content)


_known: dict[tuple[str, int, int, int], bytes] = {}


def _content(path: str) -> bytes:
    """Return the digest of a file, from memory when it is the file that it was."""
    seen = os.lstat(path)
    key = (path, seen.st_ino, seen.st_mtime_ns, seen.st_size)
    if key not in _known:
        content = os.fsencode(os.readlink(path)) if stat.S_ISLNK(seen.st_mode) else Path(path).read_bytes()  # noqa: PTH115  (called for every file, at every deed)
        _known[key] = sha256(content).digest()
    return _known[key]


def main(run: Callable[[], None]) -> None:
    camera = Camera(Path(sys.argv[1]), Path(sys.argv[2]))
    lay(camera)
    sys.argv = ["loop", *sys.argv[3:]]
    run()


if __name__ == "__main__":
    from loop_kit.__main__ import run

    main(run)
