from pathlib import Path

import pytest

from loop_kit.bus.layout import LIMITS, ROUND_KINDS, Layout
from loop_kit.model.names import is_run_name

ROOT = Path("/work/repo/.loop")


def test_every_file_has_its_place_below_the_root():
    layout = Layout(ROOT)
    assert layout.card_path == ROOT / "task_card.json"
    assert layout.state_path == ROOT / "state.json"
    assert layout.path("review_report") == ROOT / "review_report.json"
    assert layout.feed_path == ROOT / "logs/feed.jsonl"
    assert layout.heartbeat_path("worker") == ROOT / "runtime/worker.heartbeat.json"
    assert layout.outbox("T-1-r1-worker-1") == ROOT / "runtime/T-1-r1-worker-1"
    assert layout.archive_root == ROOT / "archive"
    assert layout.stop_path == ROOT / "STOP"
    assert layout.config_path == ROOT / "config.toml"
    others = (layout.templates, layout.context, layout.lock_path, layout.diff_path)
    assert {path.parent for path in others} == {ROOT}


def test_people_see_a_path_from_the_folder_of_the_bus_on():
    assert Layout(ROOT).name(ROOT / "archive" / "x.json") == ".loop/archive/x.json"


def test_the_unfiled_ones_are_where_no_task_can_be():
    assert not is_run_name(Layout(ROOT).unfiled.name)


def test_a_bus_needs_an_absolute_root():
    with pytest.raises(ValueError, match="absolute"):
        Layout(Path(".loop"))


def test_only_known_kinds_have_a_path_and_each_of_them_has_a_limit():
    with pytest.raises(ValueError, match="no document on the bus is called x"):
        Layout(ROOT).path("x")
    assert set(ROUND_KINDS) < set(LIMITS)
