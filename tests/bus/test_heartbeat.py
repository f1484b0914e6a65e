import os

import pytest

from loop_kit.bus import heartbeat
from loop_kit.bus.heartbeat import Beat
from loop_kit.model.documents import write
from loop_kit.processes.lineage import Owner
from loop_kit.values import asdict
from tests.bus.children import listed, run, running

AT = "2025-01-31T08:00:00.000Z"


def beat() -> Beat:
    return Beat(role="worker", **asdict(Owner.me()), dispatch_id="d-1", at=AT)


def test_a_beat_reads_back_and_names_a_living_process(tmp_path):
    path = tmp_path / "worker.heartbeat.json"
    assert heartbeat.write(path, beat())
    read = heartbeat.read(path)
    assert read == beat()
    assert read is not None
    assert read.alive() is True
    assert listed(tmp_path) == [path.name]


def test_a_beat_is_flat_on_disk():
    assert list(write(beat())) == ["pid", "host", "start_time", "role", "dispatch_id", "at"]


def test_the_beat_of_a_killed_process_names_a_dead_one(tmp_path):
    path = tmp_path / "worker.heartbeat.json"
    script = """
import sys
from pathlib import Path
from loop_kit.bus import heartbeat
from loop_kit.processes.lineage import Owner
from loop_kit.values import asdict
mine = heartbeat.Beat(role="worker", **asdict(Owner.me()), dispatch_id="d", at="2025-01-31T08:00:00.000Z")
heartbeat.write(Path(sys.argv[1]), mine)
print("beaten", flush=True)
sys.stdin.read()
"""
    with running(script, path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.wait()
    read = heartbeat.read(path)
    assert read is not None
    assert read.alive() is False


@pytest.mark.parametrize("data", [None, b"", b"{", b"[]", b"{}", b'{"role": "worker", "pid": "x"}', b"x" * 100_000])
def test_a_beat_that_cannot_be_understood_is_none(tmp_path, data):
    path = tmp_path / "worker.heartbeat.json"
    if data is not None:
        path.write_bytes(data)
    assert heartbeat.read(path) is None


def test_a_beat_in_the_shape_of_a_fifo_is_none(tmp_path):
    os.mkfifo(tmp_path / "x")
    assert heartbeat.read(tmp_path / "x") is None


def test_a_beat_that_cannot_be_written_is_only_missed(tmp_path):
    assert not heartbeat.write(tmp_path / "absent" / "x", beat())
    script = """
import resource, sys
from pathlib import Path
from loop_kit.bus import heartbeat
from loop_kit.processes.lineage import Owner
from loop_kit.values import asdict
mine = heartbeat.Beat(role="worker", **asdict(Owner.me()), dispatch_id="d", at="2025-01-31T08:00:00.000Z")
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
print(heartbeat.write(Path(sys.argv[1]), mine))
"""
    assert run(script, tmp_path / "x") == "False"


def test_the_last_beat_is_taken_away_and_again_is_fine(tmp_path):
    path = tmp_path / "x"
    heartbeat.write(path, beat())
    heartbeat.remove(path)
    heartbeat.remove(path)
    path.mkdir()
    heartbeat.remove(path)
    assert heartbeat.read(path) is None
