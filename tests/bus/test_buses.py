import json
from pathlib import Path

import pytest

from loop_kit.bus.around import for_next_run
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import bus_of, buses, check_place, find_strays
from loop_kit.bus.emptying import empty_bus
from loop_kit.bus.own_folders import check_folders, check_inherited, find_links, own_paths
from loop_kit.errors import DocumentError, NewerError, StartError


@pytest.fixture
def default(tmp_path: Path) -> Bus:
    bus = Bus(tmp_path / "repo/.loop")
    bus.ensure_layout()
    return bus


@pytest.fixture
def bus(default: Bus) -> Bus:
    bus = bus_of(default, "T-1")
    bus.ensure_layout()
    return bus


def test_the_bus_of_a_task_is_named_after_it_and_asking_for_it_makes_nothing(default: Bus):
    bus = bus_of(default, "T-1")
    assert (bus.root, bus.task_id, bus.default) == (default.root / "runs/T-1", "T-1", default)
    assert bus_of(bus, "T-2").root == default.root / "runs/T-2"
    assert not (default.root / "runs").exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", "T-1@2", ".x", "x.lock", "/tmp"])
def test_what_is_no_task_id_has_no_bus(default: Bus, name: str):
    with pytest.raises(DocumentError, match="cannot be used as a name"):
        bus_of(default, name)


def test_the_default_bus_is_its_own_default_also_in_a_repository_called_runs(default: Bus):
    assert (default.task_id, default.default) == ("", default)
    inside = Bus(Path("/home/me/runs/.loop"))
    assert (inside.task_id, inside.default) == ("", inside)


def test_what_people_write_is_the_default_buss_and_all_else_its_own(default: Bus, bus: Bus):
    inherited = (bus.config_path, bus.templates, bus.context, bus.tasks)
    assert inherited == (default.config_path, default.templates, default.context, default.tasks)
    own = (bus.state_path, bus.card_path, bus.lock_path, bus.archive_root, bus.logs, bus.runtime, bus.diff_path)
    assert {path.parent for path in own} == {bus.root}
    assert (bus.name(bus.state_path), bus.name(bus.config_path)) == (".loop/runs/T-1/state.json", ".loop/config.toml")


def test_making_the_bus_of_a_task_makes_its_default_bus_one(tmp_path: Path):
    bus_of(Bus(tmp_path / ".loop"), "T-1").ensure_layout()
    assert (tmp_path / ".loop/.gitignore").read_text(encoding="utf-8") == "*\n"
    assert sorted(path.name for path in (tmp_path / ".loop").iterdir()) == [".gitignore", "runs"]


def test_all_buses_are_the_default_one_and_then_the_others_by_name(default: Bus, bus: Bus):
    bus_of(default, "A-9").ensure_layout()
    expected = [default, bus_of(default, "A-9"), bus]
    assert buses(default) == buses(bus) == expected


def test_what_else_lies_among_them_is_passed_over_and_can_be_told(default: Bus, bus: Bus, tmp_path: Path):
    for name in ("a b", "T-1@2"):
        (default.root / "runs" / name).mkdir()
    (default.root / "runs/T-3").write_text("", encoding="utf-8")
    (default.root / "runs/T-4").symlink_to(tmp_path)
    assert buses(default) == [default, bus]
    assert [path.name for path in find_strays(default)] == ["T-1@2", "T-3", "a b"]
    assert list(find_links(default)) == [default.root / "runs/T-4"]


def test_a_file_in_the_place_of_all_of_them_is_none(default: Bus):
    (default.root / "runs").write_text("", encoding="utf-8")
    assert buses(default) == [default]


@pytest.mark.parametrize("link", [".", "runs", "runs/T-1", "runs/T-1/archive", "runs/T-1/logs/T-1"])
def test_a_link_on_the_way_to_the_bus_of_a_task_or_below_it_is_found(tmp_path: Path, link: str):
    bus = bus_of(Bus(tmp_path / "repo/.loop"), "T-1")
    target = tmp_path / "elsewhere"
    path = bus.default.root / link
    for folder in (target / "runs/T-1/archive", target / "T-1/archive", path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    assert list(find_links(bus)) == [path]
    with pytest.raises(StartError, match="is a symbolic link"):
        check_folders(bus)


@pytest.mark.parametrize("name", ["config.toml", "templates", "context", "tasks"])
def test_what_is_inherited_counts_for_nothing_on_the_bus_of_a_task_and_is_refused(default: Bus, bus: Bus, name: str):
    (default.root / name).mkdir()
    check_inherited(default)
    check_inherited(bus)
    (bus.root / name).symlink_to("/nowhere")
    with pytest.raises(StartError, match=rf"runs/T-1/{name} is not read: .* takes {name} from \.loop/{name}"):
        check_inherited(bus)


def test_git_is_to_track_nothing_below_runs(default: Bus, bus: Bus):
    top = default.root.parent
    assert own_paths(bus, top) == own_paths(default, top)
    assert ".loop/runs" in own_paths(default, top)


def test_a_stop_for_all_ends_each_run_and_one_of_a_task_that_alone(default: Bus, bus: Bus):
    other = bus_of(default, "T-2")
    bus.stop_path.touch()
    assert [each.stop_requested() for each in (default, bus, other)] == [False, True, False]
    default.stop_path.symlink_to("/nowhere")
    assert [each.stop_requested() for each in (default, bus, other)] == [True, True, True]
    assert bus.stop_files() == [bus.stop_path, default.stop_path]


def test_a_task_is_approved_on_its_own_bus_or_on_the_default_one(default: Bus, bus: Bus):
    other = bus_of(default, "T-2")
    assert not other.is_approved("T-1")
    document = {"schema_version": 1, "task_id": "T-1", "outcome": "approved"}
    (bus.root / "summary.json").write_text(json.dumps(document), encoding="utf-8")
    assert [each.is_approved("T-1") for each in (default, bus, other)] == [True, True, True]
    (default.root / "summary.json").write_text(json.dumps({**document, "task_id": "T-3"}), encoding="utf-8")
    assert [each.is_approved("T-3") for each in (default, bus, other)] == [True, True, True]
    assert not any(default.is_approved(name) for name in ("T-2", "../runs/T-1", "T-1/../T-1"))
    (bus.root / "summary.json").write_text(json.dumps({**document, "schema_version": 3}), encoding="utf-8")
    with pytest.raises(NewerError, match=r"\.loop/runs/T-1/summary\.json"):
        other.is_approved("T-1")


def test_a_bus_takes_the_runs_of_its_task_alone(default: Bus, bus: Bus):
    default.check_task("T-2")
    bus.check_task("T-1")
    with pytest.raises(StartError, match="is the bus of T-1, and the card is that of T-2") as caught:
        bus.check_task("T-2")
    assert caught.value.hint == f"--loop-dir {default.root}/runs/T-2 names the bus of T-2"


def test_emptying_the_default_bus_leaves_the_others_as_they_are(default: Bus, bus: Bus):
    for each in (default, bus):
        (each.root / "work_report.json").write_text('{"task_id": "T-1", "round": 1}', encoding="utf-8")
        (each.runtime / "T-1-r1-worker-1").mkdir()
    (default.root / "runs/T-1/.x.1.0123456789abcdef.tmp").touch()
    before = sorted(bus.root.rglob("*"))
    empty_bus(default)
    default.clear_runtime()
    assert default.remove_leftovers() == []
    assert sorted(bus.root.rglob("*")) == before
    empty_bus(bus)
    assert (bus.archive_root / "T-1/r1_work_report.json").exists()


def test_what_a_next_run_takes_is_known_by_the_same_names_on_both(default: Bus, bus: Bus):
    for path in (default.config_path, default.tasks / "T-1.json", bus.archive_root / "T-1@2/x", bus.card_path):
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}", encoding="utf-8")
    assert sorted(for_next_run(bus, "T-1")) == [
        "bus archive/T-1@2",
        "bus config.toml",
        "bus task_card.json",
        "bus tasks/T-1.json",
    ]
    for path in (default.config_path, default.tasks / "T-1.json", bus.archive_root / "T-1@2", bus.card_path):
        assert bus.keyed(bus.key(path)) == path


def test_no_bus_is_named_where_none_can_be(default: Bus, bus: Bus, tmp_path: Path):
    (tmp_path / "work/runs").mkdir(parents=True)
    for sound in (
        default,
        bus,
        Bus(tmp_path / "bus"),
        Bus(tmp_path / "work/runs/.loop"),
        Bus(tmp_path / "work/runs/x y"),
    ):
        check_place(sound)
    refused = {
        default.root / "runs/T-1@2": "'T-1@2' is no task id",
        bus.root / "runs/T-2": "is the bus of T-1 alone",
        tmp_path / "work/runs/T-1": f"inherit from {tmp_path}/work, which is no bus",
        tmp_path / "gone/runs/T-1": f"inherit from {tmp_path}/gone, which is no bus",
    }
    for root, why in refused.items():
        with pytest.raises(StartError) as caught:
            check_place(Bus(root))
        assert why in caught.value.message


def test_a_default_bus_of_another_name_is_known_by_what_keeps_it_out_of_the_repository(tmp_path: Path):
    other = Bus(tmp_path / "bus")
    other.ensure_layout()
    check_place(bus_of(other, "T-1"))
    (tmp_path / "bus/.gitignore").write_text("*.o\n", encoding="utf-8")
    with pytest.raises(StartError, match="which is no bus"):
        check_place(bus_of(other, "T-1"))
