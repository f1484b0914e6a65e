import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.lock import Lock, read_holder
from loop_kit.errors import LockedError, LoopError, StartError
from loop_kit.processes.lineage import Owner
from tests.bus.children import let_go_on, run, running, said

NOW = "2025-01-31T08:00:00.000Z"
HOLD = """
import sys
from pathlib import Path
from loop_kit.bus.lock import Lock
with Lock.acquire(Path(sys.argv[1]), purpose="run", now="2025-01-31T08:00:00.000Z", run="r-1"):
    print("held", flush=True)
    sys.stdin.read()
"""
# The lock's owner ends at once; the child it gave the lock to lives on until its standard input is closed.
HAND_ON = """
import subprocess, sys
from pathlib import Path
from loop_kit.bus.lock import Lock
lock = Lock.acquire(Path(sys.argv[1]), purpose="run", now="2025-01-31T08:00:00.000Z")
subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], pass_fds=[lock.fileno()], stdout=subprocess.DEVNULL)
print("handed on", flush=True)
import os; os._exit(0)
"""


def take(path: Path, **wanted: Any) -> Lock:
    return Lock.acquire(path, purpose="run", now=NOW, **wanted)


def test_a_lock_says_who_has_it_and_an_empty_file_that_nobody_does(tmp_path):
    path = tmp_path / "lock"
    with take(path, run="r-7"):
        holder = read_holder(path)
        assert holder is not None
        assert (holder.pid, holder.start_time) == (Owner.me().pid, Owner.me().start_time)
        assert (holder.purpose, holder.run, holder.since) == ("run", "r-7", NOW)
    assert path.read_bytes() == b""
    assert read_holder(path) is None


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path):
    path = tmp_path / "lock"
    with running(HOLD, path) as first:
        assert said(first) == "held"
        with pytest.raises(LockedError) as caught:
            take(path)
    sentence = f"another loop process (pid {first.pid} on {socket.gethostname()}, run, since {NOW}) holds {path}"
    assert caught.value.message == sentence
    assert caught.value.hint == f"wait until it has ended, or end it: kill {first.pid}"
    assert caught.value.exit_code == 5


def test_of_processes_that_race_for_a_lock_exactly_one_gets_it(tmp_path):
    script = """
import sys
from pathlib import Path
from loop_kit.bus.lock import Lock
from loop_kit.errors import LockedError
sys.stdin.readline()
try: lock = Lock.acquire(Path(sys.argv[1]), purpose="run", now="")
except LockedError: print("refused", flush=True)
else: print("held", flush=True)
sys.stdin.read()
"""
    path = tmp_path / "lock"
    with running(script, path) as one, running(script, path) as two, running(script, path) as three:
        racers = (one, two, three)
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        assert sorted(said(racer) for racer in racers) == ["held", "refused", "refused"]


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path):
    path = tmp_path / "lock"
    with running(HOLD, path) as first:
        assert said(first) == "held"
        first.kill()
        first.wait()
        left = read_holder(path)
        assert left is not None
        assert left.alive() is False
        began = time.monotonic()
        take(path).close()
        assert time.monotonic() - began < 1


def test_a_lock_can_be_waited_for(tmp_path):
    path = tmp_path / "lock"
    with running(HOLD, path) as first:
        assert said(first) == "held"
        let_go_on(first)
        take(path, wait=20).close()


def test_a_living_holder_is_not_waited_for_unless_asked(tmp_path):
    path = tmp_path / "lock"
    with running(HOLD, path) as first:
        assert said(first) == "held"
        began = time.monotonic()
        with pytest.raises(LockedError):
            take(path)
        assert time.monotonic() - began < 2
        with pytest.raises(LockedError):
            take(path, wait=0.2)
        assert time.monotonic() - began >= 0.2


def test_the_child_of_a_dead_owner_that_still_holds_the_lock_is_waited_for(tmp_path):
    path = tmp_path / "lock"
    with running(HAND_ON, path) as owner:
        assert said(owner) == "handed on"
        owner.wait()
        let_go_on(owner)  # the child has the other end of the same pipe, and ends
        take(path).close()


def test_the_child_of_a_dead_owner_is_not_waited_for_without_end(tmp_path):
    path = tmp_path / "lock"
    with running(HAND_ON, path) as owner:
        assert said(owner) == "handed on"
        owner.wait()
        with pytest.raises(LockedError, match="it has ended, but a program it started has not") as caught:
            take(path, wait_for_dead=0.2)
        assert caught.value.hint.startswith("find that program")
        let_go_on(owner)


def test_a_holder_on_another_host_is_neither_called_dead_nor_waited_for(tmp_path):
    path = tmp_path / "lock"
    with running(HOLD, path) as first:
        assert said(first) == "held"
        path.write_text(path.read_text().replace(f'"{socket.gethostname()}"', '"elsewhere"'))
        began = time.monotonic()
        with pytest.raises(LockedError, match="on elsewhere"):
            take(path)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("record", [b"", b"{", b"[1]", b'{"pid": "many"}', b"\xff\xfe", b"x" * 100_000])
def test_a_record_that_cannot_be_read_only_costs_the_name(tmp_path, record):
    path = tmp_path / "lock"
    with running(HOLD, path) as first:
        assert said(first) == "held"
        path.write_bytes(record)
        with pytest.raises(LockedError, match=f"^another loop process holds {re.escape(str(path))}$"):
            take(path)


ADOPT = """
import os, sys
from pathlib import Path
from loop_kit.bus.lock import Lock
lock = Lock.adopt(int(sys.argv[2]), Path(sys.argv[1]))
print(os.get_inheritable(lock.fileno()), flush=True)
sys.stdin.read()
lock.close()
print("closed", flush=True)
sys.stdin.close()
import time
while True: time.sleep(1)
"""


def test_a_lock_handed_to_a_child_is_held_until_both_have_let_go(tmp_path):
    path = tmp_path / "lock"
    lock = take(path)
    with running(ADOPT, path, str(lock.fileno()), pass_fds=(lock.fileno(),)) as child:
        assert said(child) == "False"
        lock.close()
        with pytest.raises(LockedError):
            take(path)
        let_go_on(child)
        assert said(child) == "closed"
        take(path).close()


def test_a_child_that_lets_go_first_takes_the_lock_from_nobody(tmp_path):
    path = tmp_path / "lock"
    with take(path) as lock, running(ADOPT, path, str(lock.fileno()), pass_fds=(lock.fileno(),)) as child:
        assert said(child) == "False"
        let_go_on(child)
        assert said(child) == "closed"
        assert read_holder(path) is not None
        assert try_elsewhere(path) == "refused"


def try_elsewhere(path: Path) -> str:
    script = """
import sys
from pathlib import Path
from loop_kit.bus.lock import Lock
from loop_kit.errors import LockedError
try: Lock.acquire(Path(sys.argv[1]), purpose="run", now="").close()
except LockedError: print("refused")
else: print("held")
"""
    return run(script, path)


def test_only_the_descriptor_of_the_very_lock_is_adopted(tmp_path):
    path = tmp_path / "lock"
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    path.write_bytes(b"")
    with pytest.raises(StartError, match="it is another file"):
        Lock.adopt(other, path)
    os.close(other)
    with pytest.raises(StartError, match="Bad file descriptor"):
        Lock.adopt(other, path)


def test_a_descriptor_of_the_file_without_the_lock_is_refused_while_another_has_it(tmp_path):
    path = tmp_path / "lock"
    with running(HOLD, path) as first:
        assert said(first) == "held"
        fd = os.open(path, os.O_RDWR)
        with pytest.raises(LockedError, match=f"pid {first.pid}"):
            Lock.adopt(fd, path)
        os.close(fd)


def test_a_lock_is_not_inherited_by_children_that_it_was_not_handed_to(tmp_path):
    path = tmp_path / "lock"
    lock = take(path)
    script = "print('up', flush=True); input()"
    argv, pipe = [sys.executable, "-c", script], subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, close_fds=False) as child:
        assert said(child) == "up"
        lock.close()
        take(path).close()
        child.kill()


def test_a_refused_lock_leaves_no_open_descriptor(tmp_path):
    path = tmp_path / "lock"
    with running(HOLD, path) as first:
        assert said(first) == "held"
        lowest = os.dup(0)
        os.close(lowest)
        with pytest.raises(LockedError):
            take(path)
        again = os.dup(0)
        os.close(again)
    assert again == lowest


def test_something_else_in_the_place_of_the_lock_file_is_refused_by_name(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("elsewhere")
    for name, kind in (("folder", "a folder"), ("fifo", "a FIFO"), ("link", "a symbolic link")):
        with pytest.raises(LoopError, match=f"{name} is {kind}, not a file"):
            take(tmp_path / name)
    with pytest.raises(LoopError, match="lock cannot be made: No such file"):
        take(tmp_path / "absent" / "lock")


def test_closing_twice_is_fine(tmp_path):
    lock = take(tmp_path / "lock")
    lock.close()
    lock.close()
