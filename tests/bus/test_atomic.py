import errno
import os
import resource
import stat
import subprocess
import sys
from contextlib import ExitStack

import pytest

from loop_kit.bus import atomic
from loop_kit.errors import LoopError
from tests.bus.children import listed, release, run, running, said, until

OVER_AND_OVER = """
import sys
from pathlib import Path
from loop_kit.bus.atomic import write_bytes
path, size = Path(sys.argv[1]), 1 << 20
for letter in iter(lambda: b"ab", None):
    write_bytes(path, letter[:1] * size)
    write_bytes(path, letter[1:] * size)
    print("written", flush=True)
"""


def test_a_write_replaces_the_content_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "state.json"
    atomic.write_bytes(path, b"old")
    atomic.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert listed(tmp_path) == ["state.json"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_written_file_has_the_mode_that_the_persons_umask_asks_for(tmp_path, mask):
    before = os.umask(mask)
    try:
        atomic.write_bytes(tmp_path / "a", b"")
        atomic.exclusive_write(tmp_path / "b", b"")
    finally:
        os.umask(before)
    for name in "ab":
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o644 & ~mask


def test_a_symbolic_link_is_replaced_and_what_it_points_to_stays(tmp_path):
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "state.json").symlink_to("victim")
    atomic.write_bytes(tmp_path / "state.json", b"new")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "state.json").is_symlink()


def test_a_writer_killed_at_any_moment_leaves_whole_content_for_every_reader(tmp_path):
    path = tmp_path / "state.json"
    for _ in range(5):
        with running(OVER_AND_OVER, path) as writer:
            assert said(writer) == "written"
            until(lambda: len(listed(tmp_path)) > 1)  # in the middle of a write
            whole = path.read_bytes()
            assert whole in (b"a" * (1 << 20), b"b" * (1 << 20))
            writer.kill()
            writer.wait()
        assert path.read_bytes() in (b"a" * (1 << 20), b"b" * (1 << 20))


def test_leftovers_of_dead_writers_are_removed_and_those_of_living_ones_stay(tmp_path):
    with running("input()") as living, running("input()") as dead:
        dead.kill()
        dead.wait()
        for pid in (living.pid, dead.pid):
            (tmp_path / f".state.json.{pid}.0123456789abcdef.tmp").write_bytes(b"half")
        (tmp_path / ".mine.tmp").write_bytes(b"the person's own")
        gone = atomic.remove_leftovers(tmp_path)
        assert [path.name for path in gone] == [f".state.json.{dead.pid}.0123456789abcdef.tmp"]
        assert listed(tmp_path) == sorted([".mine.tmp", f".state.json.{living.pid}.0123456789abcdef.tmp"])


def test_what_a_killed_writer_really_leaves_is_recognised(tmp_path):
    script = OVER_AND_OVER.replace("write_bytes(path, letter[:1] * size)", "write_bytes(path, letter * (32 << 20))")
    with running(script, tmp_path / "state.json") as writer:
        until(lambda: bool(list(tmp_path.glob(".*.tmp"))))
        writer.kill()
        writer.wait()
    left = list(tmp_path.glob(".*.tmp"))
    assert atomic.remove_leftovers(tmp_path) == left
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path):
    assert atomic.remove_leftovers(tmp_path / "absent") == []


WITHOUT_ROOM = """
import os, resource, sys
from pathlib import Path
from loop_kit.bus import atomic
from loop_kit.errors import LoopError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for write in (atomic.write_bytes, atomic.exclusive_write):
    try: write(Path(sys.argv[1]) / sys.argv[2], b"x" * 5000)
    except LoopError as error: print(error.exit_code, error.message.rpartition("/")[2], "|", error.hint)
print(sorted(os.listdir(sys.argv[1])))
"""


def test_a_disk_without_room_is_said_by_name_and_the_old_content_stays(tmp_path):
    (tmp_path / "state.json").write_bytes(b"old")
    lines = run(WITHOUT_ROOM, tmp_path, "state.json").splitlines()
    sentence = f"3 state.json cannot be written: {os.strerror(errno.EFBIG)} | make room on the disk, "
    assert len(lines) == 3
    assert all(line.startswith(sentence) for line in lines[:2])
    assert lines[2] == "['state.json']"
    assert (tmp_path / "state.json").read_bytes() == b"old"


def test_a_folder_without_permission_is_said_with_what_to_do(tmp_path):
    (tmp_path / "bus").mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    script = """
import os, sys
from pathlib import Path
from loop_kit.bus import atomic
from loop_kit.errors import LoopError
os.chdir(sys.argv[1])
if os.geteuid() == 0: os.setuid(65534)
else: os.chmod("bus", 0o555)
for act in (lambda: atomic.write_bytes(Path("bus/a"), b""), lambda: atomic.make_folder(Path("bus/b"))):
    try: act()
    except LoopError as error: print(error.message, "|", error.hint)
"""
    assert run(script, tmp_path).splitlines() == [
        "bus/a cannot be written: Permission denied | let this user write in bus, then run the same command again",
        "bus/b cannot be made: Permission denied | let this user write in bus, then run the same command again",
    ]


def test_a_folder_in_the_way_is_said_by_name(tmp_path):
    (tmp_path / "state.json").mkdir()
    with pytest.raises(LoopError, match=r"state\.json cannot be written: Is a directory"):
        atomic.write_bytes(tmp_path / "state.json", b"")
    assert listed(tmp_path) == ["state.json"]


def test_a_full_device_fails_in_the_middle_of_writing():
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="No space left"):
            atomic.write_all(fd, b"x")
    finally:
        os.close(fd)


def test_every_byte_is_written_even_when_the_system_takes_a_part_at_a_time():
    size = 1 << 20  # far more than a pipe holds
    reader, writer = os.pipe()
    script = "import sys; print(len(sys.stdin.buffer.read()))"
    with subprocess.Popen([sys.executable, "-c", script], stdin=reader, stdout=subprocess.PIPE, text=True) as counting:
        os.close(reader)
        atomic.write_all(writer, b"x" * size)
        os.close(writer)
        assert counting.communicate()[0].strip() == str(size)


def test_creating_never_overwrites_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "claim"
    assert atomic.exclusive_write(path, b"first")
    assert not atomic.exclusive_write(path, b"second")
    assert path.read_bytes() == b"first"
    assert listed(tmp_path) == ["claim"]
    assert path.stat().st_nlink == 1


def test_of_many_processes_that_create_one_file_exactly_one_does(tmp_path):
    script = """
import sys
from pathlib import Path
from loop_kit.bus.atomic import exclusive_write
sys.stdin.read()
print(exclusive_write(Path(sys.argv[1]), sys.argv[2].encode() * 1000))
"""
    with ExitStack() as stack:
        answers = release([stack.enter_context(running(script, tmp_path / "claim", str(n))) for n in range(4)])
    assert sorted(answers) == ["False", "False", "False", "True"]
    assert (tmp_path / "claim").read_bytes() == str(answers.index("True")).encode() * 1000


def test_removing_what_is_not_there_is_fine_and_a_folder_is_refused(tmp_path):
    atomic.remove(tmp_path / "absent")
    (tmp_path / "folder").mkdir()
    with pytest.raises(LoopError, match="folder cannot be removed"):
        atomic.remove(tmp_path / "folder")


def test_a_folder_is_made_with_its_parents_and_may_be_there_already(tmp_path):
    atomic.make_folder(tmp_path / "a" / "b")
    atomic.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LoopError, match="file cannot be made: File exists"):
        atomic.make_folder(tmp_path / "file")


def test_no_write_leaves_a_descriptor_open(tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    lowest = os.dup(0)
    os.close(lowest)
    for _ in range(min(50, limit)):
        atomic.write_bytes(tmp_path / "x", b"")
    again = os.dup(0)
    os.close(again)
    assert again == lowest
