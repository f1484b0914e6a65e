import resource
import signal
import sys
from pathlib import Path

from loop_kit.processes.rawlog import RawLog
from loop_kit.processes.spawn import spawn
from tests.processes.conftest import Stage


def test_every_byte_is_kept_in_order(tmp_path: Path):
    with RawLog(tmp_path / "log") as log:
        log.write(b"\xff\0")
        log.write(b"\r\n")
    assert (tmp_path / "log").read_bytes() == b"\xff\0\r\n"
    assert log.failure == ""


def test_a_full_log_makes_room_and_keeps_the_newest(tmp_path: Path):
    with RawLog(tmp_path / "log", limit=10) as log:
        for part in (b"aaaa", b"bbbb", b"cccc", b"dddd", b"eeee"):
            log.write(part)
    assert (tmp_path / "log.1").read_bytes() == b"ccccdddd"
    assert (tmp_path / "log").read_bytes() == b"eeee"
    assert len(list(tmp_path.iterdir())) == 2


def test_one_write_beyond_the_limit_keeps_its_end(tmp_path: Path):
    with RawLog(tmp_path / "log", limit=10) as log:
        log.write(b"x" * 1000 + b"end")
    assert (tmp_path / "log").read_bytes() == b"xxxxxxxend"


def test_a_log_that_exists_is_continued(tmp_path: Path):
    for part in (b"one", b"two", b"three"):
        with RawLog(tmp_path / "log", limit=10) as log:
            log.write(part)
    assert (tmp_path / "log.1").read_bytes() == b"onetwo"
    assert (tmp_path / "log").read_bytes() == b"three"


def test_a_full_disk_is_noted_once_and_never_raised():
    with RawLog(Path("/dev/full")) as log:
        log.write(b"x")
        log.write(b"y")
    assert log.failure == "/dev/full stopped growing: No space left on device"


def test_a_log_that_cannot_be_opened_is_noted(tmp_path: Path):
    log = RawLog(tmp_path / "missing" / "log")
    log.write(b"x")
    assert "No such file or directory" in log.failure


def test_a_disk_that_fills_up_keeps_what_fitted(stage: Stage):
    code = f"""
import resource, signal
from pathlib import Path
from loop_kit.processes.rawlog import RawLog
signal.signal({signal.SIGXFSZ.value}, signal.SIG_IGN)
resource.setrlimit({resource.RLIMIT_FSIZE}, (1000, 1000))
log = RawLog(Path("log"))
for _ in range(5):
    log.write(b"x" * 300)
print(log.failure)
"""
    out, err = spawn(stage.command("", argv=(sys.executable, "-c", code))).communicate(timeout=10)
    assert (out, err) == (b"log stopped growing: File too large\n", b"")
    assert (stage.folder / "log").stat().st_size == 1000
