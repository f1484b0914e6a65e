from pathlib import Path

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.bus.own_folders import check_folders, find_links, own_paths, stop_at_links
from loop_kit.errors import NeedsPersonError, StartError


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    bus = Bus(tmp_path / "repo/.loop")
    bus.ensure_layout()
    (bus.archive_root / "T-1").mkdir()
    return bus


def test_a_sound_bus_has_no_links_and_what_people_share_does_not_count(bus: Bus):
    (bus.root / "templates").symlink_to(bus.root.parent)
    (bus.root / "config.toml").symlink_to(bus.root.parent / "nowhere")
    assert list(find_links(bus)) == []
    check_folders(bus)
    stop_at_links(bus, "T-1")


@pytest.mark.parametrize("name", ["archive/T-2", "logs/T-1", "runtime/T-1-r1-worker-1"])
def test_a_link_below_a_folder_of_loops_own_is_found(bus: Bus, name: str):
    (bus.root / name).symlink_to(bus.root.parent)
    assert list(find_links(bus)) == [bus.root / name]
    with pytest.raises(StartError, match="is a symbolic link") as raised:
        check_folders(bus)
    assert f"rm {bus.root / name}" in raised.value.hint


def test_while_a_run_goes_on_its_own_folders_are_looked_at(bus: Bus):
    (bus.archive_root / "T-2").symlink_to(bus.root.parent)
    stop_at_links(bus, "T-1")
    with pytest.raises(NeedsPersonError, match="T-2 is a symbolic link"):
        stop_at_links(bus, "T-2")


def test_a_bus_that_is_a_link_is_all_that_is_said(bus: Bus, tmp_path: Path):
    (tmp_path / "link").symlink_to(bus.root)
    assert list(find_links(Bus(tmp_path / "link"))) == [tmp_path / "link"]


def test_paths_are_those_of_git_and_a_bus_elsewhere_has_none(bus: Bus, tmp_path: Path):
    assert own_paths(bus, bus.root.parent) == (".loop/archive", ".loop/logs", ".loop/runtime", ".loop/runs")
    assert own_paths(bus, tmp_path / "other") == ()
