"""Folders are reached, made, listed and emptied by descriptor; a link in the place of one is never followed."""

import ctypes
import os
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from loop_kit import folders
from loop_kit.bus import atomic
from loop_kit.bus.archive import Archive
from loop_kit.errors import LoopError

SWAPS = 1000
_EXCHANGE, _HERE = 2, -100  # RENAME_EXCHANGE, AT_FDCWD


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Give a folder that nothing may touch."""
    folder = tmp_path / "outside"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner/precious.txt").write_text("kept\n", encoding="utf-8")
    return folder


def content(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return everything below a folder: name -> mode, content."""
    found = sorted(folder.rglob("*"))
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in found
    }


def test_a_folder_is_made_with_its_parents_and_may_be_there(tmp_path: Path):
    for _ in range(2):
        folders.make(tmp_path / "a/b/c")
    assert folders.names(tmp_path / "a") == ["b"]
    assert folders.names(tmp_path / "missing") == []


@pytest.mark.parametrize("way", ["link", "link/inner", "real/link/inner"])
def test_no_link_on_the_way_is_followed(tmp_path: Path, outside: Path, way: str):
    (tmp_path / "real").mkdir()
    for link in (tmp_path / "link", tmp_path / "real/link"):
        link.symlink_to(outside)
    before = content(outside)
    target = tmp_path / way
    for deed in (
        lambda: folders.make(target / "new"),
        lambda: folders.names(target),
        lambda: folders.remove(target / "precious.txt"),
        lambda: folders.remove(target / "inner"),
        lambda: os.close(folders.open_file(target / "file", os.O_WRONLY | os.O_CREAT)),
    ):
        with pytest.raises(folders.LinkError) as raised:
            deed()
        assert Path(raised.value.filename).is_symlink()
    assert content(outside) == before


def test_a_link_itself_is_removed_and_not_what_it_leads_to(tmp_path: Path, outside: Path):
    before = content(outside)
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/link").symlink_to(outside / "inner")
    folders.remove(tmp_path / "link")
    folders.remove(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert content(outside) == before


def test_a_file_with_a_second_name_is_not_written_in_place(tmp_path: Path, outside: Path):
    (tmp_path / "feed").hardlink_to(outside / "inner/precious.txt")
    with pytest.raises(OSError, match="second name"):
        folders.open_file(tmp_path / "feed", os.O_WRONLY | os.O_APPEND)
    os.close(folders.open_file(tmp_path / "feed", os.O_RDONLY))


AS_ANOTHER = """
import os, shutil, sys
from pathlib import Path
from loop_kit import folders
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
folders.remove(Path(sys.argv[1]))
"""


@pytest.mark.timeout(10)
def test_a_pipe_and_a_link_are_not_read(tmp_path: Path, outside: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(outside / "inner/precious.txt")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match=r"pipe|symbolic"):
            folders.read(tmp_path / name)
    assert folders.read(outside / "inner/precious.txt") == b"kept\n"


def test_read_only_folders_are_removed_and_no_mode_is_changed_through_a_link():
    """As a user whom modes bind: for root they do not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        place = Path(name).resolve()
        tree, outside = place / "tree", place / "outside"
        outside.mkdir()
        (tree / "cache/deep").mkdir(parents=True)
        (tree / "cache/deep/file").touch()
        (tree / "cache/link").symlink_to(outside)
        for path in (place, *place.rglob("*")) if os.geteuid() == 0 else ():
            os.chown(path, 65534, 65534, follow_symlinks=False)
        for folder, mode in ((outside, 0o555), (tree / "cache/deep", 0), (tree / "cache", 0o500)):
            folder.chmod(mode)
        done = subprocess.run([sys.executable, "-c", AS_ANOTHER, str(tree)], check=False, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        assert not tree.exists()
        assert stat.S_IMODE(outside.stat().st_mode) == 0o555


def test_a_private_folder_is_this_users_alone(tmp_path: Path):
    folders.make_private(tmp_path / "home")
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    (tmp_path / "home").chmod(0o777)
    with pytest.raises(PermissionError, match="other users may write in it"):
        folders.make_private(tmp_path / "home")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_private_folder_of_somebody_else_is_refused(tmp_path: Path):
    (tmp_path / "home").mkdir()
    os.chown(tmp_path / "home", 65534, 65534)
    with pytest.raises(PermissionError, match="it belongs to another user"):
        folders.make_private(tmp_path / "home")


def test_folders_nested_without_end_are_an_error_with_a_sentence(tmp_path: Path):
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    with suppress(OSError):
        folders.remove(tmp_path / "d")
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


def test_an_archive_that_is_swapped_for_a_link_again_and_again_lets_nothing_out(tmp_path: Path, outside: Path):
    """A thousand times there and back, while files are written, kept and removed."""
    archive, spare = tmp_path / "archive", tmp_path / "spare"
    (archive / "T-1").mkdir(parents=True)
    (outside / "T-1").mkdir()
    before = content(outside)
    spare.symlink_to(outside)
    swapper = _Swapper(archive, spare)
    swapper.start()
    done, number = {True: 0, False: 0}, 0
    try:
        while swapper.swaps < 2 * SWAPS or min(done.values()) < SWAPS // 10:
            number += 1
            done[_write(archive, number)] += 1
    finally:
        swapper.end.set()
        swapper.join()
    assert content(outside) == before


def _write(archive: Path, number: int) -> bool:
    """Write, list and remove once; return whether no link was in the way."""
    try:
        atomic.write_bytes(archive / "T-1/news.json", b"%d\n" % number, durable=False)
        if number % 50 == 0:
            Archive(archive / "T-1").put(number, "work_report", b"{}\n")
        atomic.listed(archive / "T-1")
        atomic.remove(archive / "T-1/news.json", durable=False)
        atomic.make_folder(archive / f"T-2/{number % 7}")
        folders.remove(archive / "T-2")
    except (LoopError, OSError):
        return False
    return True


class _Swapper(threading.Thread):
    def __init__(self, one: Path, other: Path) -> None:
        super().__init__()
        self.paths = (bytes(one), bytes(other))
        self.end, self.swaps = threading.Event(), 0

    def run(self) -> None:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        while not self.end.is_set():
            assert rename(_HERE, self.paths[0], _HERE, self.paths[1], _EXCHANGE) == 0
            self.swaps += 1
