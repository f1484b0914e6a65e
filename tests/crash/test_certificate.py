"""The certificate is worth what it would have found: each of these bugs, planted into a copy of loop, turns it red.

They are bugs of order and of durability, of the kind that nobody sees until the power goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import pytest

from tests.support import live
from tests.support.certificate import film, violations
from tests.support.planting import planted


@dataclass(frozen=True)
class Plant:
    """A bug: texts to replace in a file, and words of the deeds around which it shows, after the first deed of `since`."""

    file: str
    changes: Mapping[str, str]
    shows_at: str
    since: str = ""


ARCHIVE = "    seals.archive_round(run)\n"
COMMIT = "    run.put(updated_at=run.state.updated_at)  # the commit point, at the time that the summary says\n"
ANCHOR = "    anchor(run)\n"
MOVE = '    run.home.move(ref, blob, run.pins.get(ref, ""))\n'
FIX_LIST = "        run.papers[FixList.kind] = run.bus.write(FixList.kind, fix_list)\n"
SUMMARY = "        write_summary(run)\n"
REPLACE = "                os.rename(temp, path.name, src_dir_fd=folder, dst_dir_fd=folder)\n"
MANIFEST = "    archive.put_document(0, Manifest.kind, manifest)\n    _put_card("
BEGUN = "    bus.put_state(replace(idle, run_name=run_name, phase=Phase.AWAITING_WORK, digests=manifest.digests()))\n"

PLANTS = {
    "a file is not synced before it gets its name": Plant(
        "bus/atomic.py",
        {"        if durable:\n            os.fsync(fd)": "        if not durable:\n            os.fsync(fd)"},
        "unsynced",
    ),
    "a name is not synced": Plant(
        "folders.py", {"    try:\n        os.fsync(fd)\n": "    try:\n        os.fstat(fd)\n"}, "unsynced"
    ),
    "a file is written in its place": Plant(
        "bus/atomic.py",
        {
            f"                _write_new(folder, temp, data, durable=durable)\n{REPLACE}": (
                f"                _discard(folder, path.name)\n{'':16}_write_new(folder, path.name, data, durable=durable)\n"
            )
        },
        "torn write state.json",
    ),
    "the old file goes before the new one has its name": Plant(
        "bus/atomic.py", {REPLACE: f"                _discard(folder, path.name)\n{REPLACE}"}, "rename"
    ),
    "the archive is written in its place": Plant(
        "bus/atomic.py",
        {
            "                _write_new(folder, temp, data, durable=True)\n"
            "                created = _link(folder, temp, path.name)\n": (
                "                created = not os.path.lexists(path)\n"
                "                if created:\n                    _write_new(folder, path.name, data, durable=True)\n"
            )
        },
        "torn write r",
    ),
    "the round is archived after its commit point": Plant(
        "steps/round.py", {ARCHIVE: "", COMMIT: f"{COMMIT}    run.round = row.round\n{ARCHIVE}"}, "r2_"
    ),
    "the fix list comes after the commit point": Plant(
        "steps/round.py", {FIX_LIST: f"        run.put()\n{FIX_LIST}"}, "fix_list"
    ),
    "the summary comes after the commit point": Plant(
        "steps/round.py", {SUMMARY: f"        run.put()\n{SUMMARY}"}, "summary"
    ),
    "the outbox is emptied before the report is on the bus": Plant(
        "dispatch/collect.py",
        {
            "    run.papers[request.paper] = run.bus.install(request.paper, document)\n": (
                "    run.bus.clear_outbox(dispatch.name)\n"
                "    run.papers[request.paper] = run.bus.install(request.paper, document)\n"
            )
        },
        "work_report.json",
    ),
    "nobody looks into the outbox of a run that was killed": Plant(
        "dispatch/collect.py",
        {"    if not name or not run.bus.outbox(name).is_dir():\n": "    if request:\n"},
        "work_report.json",
    ),
    "a report that lies on the bus is asked for again": Plant(
        "dispatch/obtain.py",
        {"self.answer = on_bus(run, request) or recover(run, request)": "self.answer = recover(run, request)"},
        ".checks.json",
    ),
    "a dispatch begins before the state counts it": Plant(
        "dispatch/obtain.py",
        {"    run.put(\n        backends=": "    run.change(\n        backends="},
        "work_report.json",
    ),
    "evidence that lies on the bus is gathered again": Plant(
        "steps/checks.py",
        {"_on_bus(run, change.head_sha) or _at_head": "_at_head"},
        "review_request",
    ),
    "the run has begun before its manifest is kept": Plant(
        "runs/start.py", {MANIFEST: BEGUN + MANIFEST}, "r0_manifest"
    ),
    "the log is not synced before it is anchored": Plant(
        "bus/feed.py", {"                os.fsync(fd)\n": "                os.fstat(fd)\n"}, "'r2_"
    ),
    "the log is anchored before it is synced": Plant(
        "engine/log_anchor.py",
        {
            "    head = run.feed.sync(known)\n": (
                "    import os\n    sync, os.fsync = os.fsync, os.fstat\n"
                "    head = run.feed.sync(known)\n    os.fsync = sync\n"
            ),
            "    run.change(log=head)\n\n\ndef check_log": "    run.feed.sync()\n    run.change(log=head)\n\n\ndef check_log",
        },
        "before fsync feed.jsonl",
    ),
    "the ref of the log does not move": Plant("engine/log_anchor.py", {MOVE: ""}, "r2_"),
    "the state names the end of the log before git does": Plant(
        "steps/round.py",
        {ANCHOR: f"    run.bus.put_state(replace(run.state, log=run.feed.sync(run.state.log)))\n{ANCHOR}"},
        "fsync .loop",  # when the state has its name
        since="fsync feed.jsonl",
    ),
    "a place is claimed before the state names the run": Plant(
        "runs/start.py", {"    bus.put_state(idle)\n    return idle\n": "    return idle\n"}, "r0_manifest"
    ),
}


@pytest.mark.parametrize("name", PLANTS, ids=lambda name: name.replace(" ", "-"))
def test_the_certificate_goes_red_when(name: str, tmp_path: Path):
    plant = PLANTS[name]
    python = planted(tmp_path / "planted", plant.file, plant.changes)
    filmed = film(tmp_path / "film", python)  # a bug that shows without a kill would be no test of the certificate
    later = dropwhile(lambda shot: plant.since not in shot.deed, filmed.shots)
    shots = tuple(shot for shot in later if plant.shows_at in shot.deed)
    assert any(problem for _shot, problem in violations(filmed, shots)), f"{len(shots)} states, and nothing was seen"


LOOK = "        children = [child for child in map(ProcessId.of, self.reap()) if child is not None]\n"
# Deaths among the living: nobody may be left who does not notice.
LIVE_PLANTS = {
    "a round does not notice that its PM is gone": (
        live.ORPHANED,
        Plant("cli/play_round.py", {"    if not die_with_parent(parent):\n": "    if parent < 0:\n"}, ".before.json"),
    ),
    "the agent of a round that was killed is left alone": (
        live.ROUND_DIES,
        Plant(
            "processes/tree.py",
            {
                LOOK: f"        if any(root.poll() == -9 for root in self._roots.values()):\n            return []\n{LOOK}"
            },
            live.AGENT,
        ),
    ),
    "a round that was killed counts as one that was played": (
        live.ROUND_DIES,
        Plant("runs/round_process.py", {"in _PLAYED:": "in (*_PLAYED, -9):"}, "/work_report.json"),
    ),
    "a round does not ask whether its PM is still there": (
        live.PM_DIES,
        Plant("cli/play_round.py", {"    if not die_with_parent(parent):\n": "    if parent < 0:\n"}, "--single-round"),
    ),
}
MOST_TRIED = 4


@pytest.mark.parametrize("name", LIVE_PLANTS, ids=lambda name: name.replace(" ", "-"))
def test_the_live_deaths_go_red_when(name: str, tmp_path: Path):
    fault, plant = LIVE_PLANTS[name]
    living = live.live(tmp_path / "live", planted(tmp_path / "planted", plant.file, plant.changes))
    points = [point for point in living.points if point.fault == fault and plant.shows_at in point.deed][:MOST_TRIED]
    assert any(problem for _point, problem in live.violations(living, points)), (
        f"{len(points)} deaths, and nothing was seen"
    )


def test_live_deaths_of_the_loop_as_it_is_are_finished_as_undisturbed(tmp_path: Path):
    living = live.live(tmp_path)
    found = [
        point for point in living.points if live.AGENT in point.deed or (point.played and point.fault == live.PM_DIES)
    ]
    assert [problem for _point, problem in live.violations(living, found[::3]) if problem] == []
