import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loop_kit.bus import heartbeat
from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.bus.lock import Holder, Lock
from loop_kit.errors import Outcome
from loop_kit.model.documents import read, write
from loop_kit.model.events import DispatchStarted
from loop_kit.model.state import Phase, RunState
from loop_kit.processes.lineage import Owner
from loop_kit.values import asdict
from loop_kit.views.health import Health, Liveness, read_health
from tests.support import documents
from tests.support.happenings import sample

THEN = "2025-01-31T08:00:00.000Z"
NOW = datetime(2025, 1, 31, 8, 0, 10, tzinfo=UTC)
STATE = read(RunState, documents.state())
GONE = Owner(pid=2**22 + 1, host=Owner.me().host, start_time="never")
ELSEWHERE = replace(Owner.me(), host="another host")


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    bus = Bus(tmp_path / ".loop")
    bus.ensure_layout()
    bus.put_state(STATE)
    started = sample(DispatchStarted, backend="codex", dispatch="d-1")
    Feed(bus.feed_path).append(started, run_id=STATE.run_id, now=THEN)
    return bus


def hold(bus: Bus, owner: Owner) -> None:
    """Let the lock file name a holder, as it does after a kill."""
    holder = Holder(**asdict(owner), purpose="loop run", run="", since=THEN)
    bus.lock_path.write_text(json.dumps(write(holder)), encoding="utf-8")


def beat(bus: Bus, owner: Owner, dispatch: str = "d-1") -> None:
    news = heartbeat.Beat(role="worker", **asdict(owner), dispatch_id=dispatch, at=THEN)
    heartbeat.write(bus.heartbeat_path("worker"), news)


@contextmanager
def agent(bus: Bus, dispatch: str = "d-1") -> Iterator[int]:
    env = {"LOOP_REPORT": str(bus.outbox(dispatch) / "report.json")}
    process = subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1, env=env)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.communicate()


def look(bus: Bus, ttl: float = 30.0) -> Health:
    return read_health(bus, NOW, ttl)


def pulses(health: Health) -> list[str]:
    return [str(sign.liveness) for sign in health.signs.values()]


def test_where_nothing_goes_on_everybody_is_idle_and_all_is_well(bus: Bus):
    beat(bus, GONE)
    health = look(bus)
    assert (health.sound, pulses(health), health.run_name) == (True, ["idle", "idle", "idle"], "")


def test_a_run_that_works_is_alive_from_its_pm_to_its_program(bus: Bus):
    with Lock.acquire(bus.lock_path, purpose="loop run", now=THEN), agent(bus) as pid:
        beat(bus, Owner.me())
        health = look(bus)
    assert (health.sound, pulses(health)) == (True, ["alive", "alive", "idle"])
    worker = health.signs["worker"]
    assert (worker.pid, worker.program, worker.age, worker.dispatch_id) == (os.getpid(), pid, 10.0, "d-1")


def test_a_beat_that_is_too_old_is_stale_although_the_process_exists(bus: Bus):
    with Lock.acquire(bus.lock_path, purpose="loop run", now=THEN), agent(bus):
        beat(bus, Owner.me())
        health = look(bus, ttl=9.0)
    assert (health.sound, health.signs["worker"].liveness) == (False, Liveness.STALE)


def test_a_fresh_beat_of_a_process_that_is_gone_is_dead(bus: Bus):
    with Lock.acquire(bus.lock_path, purpose="loop run", now=THEN), agent(bus):
        beat(bus, GONE)
        health = look(bus)
    assert (health.sound, health.signs["worker"].liveness) == (False, Liveness.DEAD)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere processes are not listed")
def test_a_program_that_is_gone_while_its_supervisor_beats_is_dead(bus: Bus):
    with Lock.acquire(bus.lock_path, purpose="loop run", now=THEN):
        beat(bus, Owner.me())
        health = look(bus)
    assert health.signs["worker"].liveness is Liveness.DEAD


def test_before_the_first_beat_and_after_the_last_a_dispatch_is_alive(bus: Bus):
    with Lock.acquire(bus.lock_path, purpose="loop run", now=THEN):
        beat(bus, GONE, dispatch="d-0")
        assert look(bus).signs["worker"].liveness is Liveness.ALIVE
        assert look(bus, ttl=5.0).signs["worker"].liveness is Liveness.ALIVE
        with agent(bus):
            assert look(bus).signs["worker"].liveness is Liveness.ALIVE
            assert look(bus, ttl=5.0).signs["worker"].liveness is Liveness.STALE


def test_a_pm_that_was_killed_is_dead_and_so_is_its_dispatch(bus: Bus):
    hold(bus, GONE)
    health = look(bus)
    assert (health.sound, pulses(health)) == (False, ["dead", "dead", "idle"])
    assert "loop run --resume" in health.signs["pm"].why


@pytest.mark.parametrize("state", [replace(STATE, outcome=Outcome.STALLED), STATE.at(Phase.DONE, now=THEN)])
def test_a_pm_that_died_after_the_run_had_ended_is_not_missed(bus: Bus, state: RunState):
    hold(bus, GONE)
    bus.put_state(state)
    assert look(bus).sound


def test_a_run_on_another_host_is_judged_by_its_heartbeat_alone(bus: Bus):
    hold(bus, ELSEWHERE)
    assert pulses(look(bus)) == ["stale", "dead", "idle"]
    beat(bus, ELSEWHERE)
    assert pulses(look(bus)) == ["alive", "alive", "idle"]
    assert pulses(look(bus, ttl=5.0)) == ["stale", "stale", "idle"]


def test_a_person_needs_no_heartbeat_but_one_that_stops_is_seen(bus: Bus):
    Archive(bus.archive_root / STATE.run_name).put_document(
        0, "manifest", {**documents.manifest(), "people": ["worker"]}
    )
    bus.feed_path.unlink()
    with Lock.acquire(bus.lock_path, purpose="loop run", now=THEN):
        assert pulses(look(bus)) == ["alive", "idle", "idle"]
        beat(bus, Owner.me(), dispatch="")
        assert pulses(look(bus)) == ["alive", "alive", "idle"]
        assert pulses(look(bus, ttl=5.0)) == ["alive", "stale", "idle"]
        beat(bus, GONE, dispatch="")
        assert pulses(look(bus)) == ["alive", "dead", "idle"]


def test_it_can_be_written_as_a_document(bus: Bus):
    hold(bus, GONE)
    document = write(look(bus))
    assert (document["sound"], document["run_name"], document["pm"]["pulse"]) == (False, STATE.run_name, "dead")
