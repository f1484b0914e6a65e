"""Odd things where a file of the bus should be, and odd words on the command line: one sentence, no wait, no payment."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.runs import CONFIG, Stage, ended, nothing_left, objects, works


def _emptied(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def fifo(path: Path) -> None:
    os.mkfifo(_emptied(path))


def folder(path: Path) -> None:
    _emptied(path).mkdir()


def empty_file(path: Path) -> None:
    _emptied(path).touch()


def not_text(path: Path) -> None:
    _emptied(path).write_bytes(b"# \xff\xfe")


def dead_link(path: Path) -> None:
    _emptied(path).symlink_to("gone")


def huge(path: Path) -> None:
    with _emptied(path).open("wb") as file:
        file.truncate(1 << 30)


def from_the_future(path: Path) -> None:
    _emptied(path).write_text('{"schema_version": 99}', encoding="utf-8")


ODD: tuple[tuple[str, Callable[[Path], None], str], ...] = (
    ("config.toml", fifo, "config.toml is a FIFO, not a file"),
    ("config.toml", folder, "config.toml is a folder, not a file"),
    ("config.toml", not_text, "config.toml"),
    ("config.toml", huge, "config.toml is larger than 1 MiB"),
    ("templates/worker_prompt.txt", fifo, "worker_prompt.txt is a FIFO, not a file"),
    ("templates/reviewer_prompt.txt", folder, "reviewer_prompt.txt is a folder, not a file"),
    ("templates", empty_file, "worker_prompt.txt cannot be opened"),
    ("context/a.md", fifo, "context/a.md is a FIFO, not a file"),
    ("context/a.md", not_text, "context/a.md is not UTF-8 text"),
    ("context/a.md", dead_link, "context/a.md is a link to nothing"),
    ("lock", fifo, "lock is a FIFO, not a file"),
    ("lock", folder, "lock is a folder, not a file"),
    ("logs", empty_file, "logs cannot be made"),
    ("archive", empty_file, "archive cannot be made"),
    ("runtime", empty_file, "runtime cannot be made"),
    ("state.json", fifo, "state.json is a FIFO, not a file"),
    ("state.json", folder, "state.json is a folder, not a file"),
    ("state.json", huge, "state.json is larger than 4 MiB"),
    ("state.json", dead_link, "state.json is a symbolic link, not a file"),
    ("state.json", from_the_future, "state.json has schema_version 99, and this loop knows version 2"),
)


@pytest.mark.parametrize(("name", "make", "says"), ODD, ids=[f"{name} {make.__name__}" for name, make, _ in ODD])
def test_what_is_no_file_of_loop_is_refused_by_its_name(tmp_path, name: str, make: Callable[[Path], None], says: str):
    stage = Stage.set_up(tmp_path)
    make(stage.bus / name)
    result = stage.run()
    assert (result.code, says in result.err) == (3, True), result.err
    assert (stage.paid, stage.refs()) == ((0, 0), {})
    if not (stage.bus / "runtime").is_file():
        nothing_left(stage)


@pytest.mark.parametrize("make", [fifo, folder, huge])
def test_a_reset_takes_an_odd_state_out_of_the_way_and_loses_nothing(tmp_path, make: Callable[[Path], None]):
    stage = Stage.set_up(tmp_path)
    make(stage.bus / "state.json")
    ended(stage, stage.run("--reset"), 0, paid=(1, 1))
    assert list((stage.bus / "archive/_unfiled").iterdir())


WORDS = {
    "no rounds": (("--max-rounds", "0"), 3, "$.run.max_rounds: it should be at least 1, not 0"),
    "endless rounds": (("--max-rounds", "9" * 30), 3, "$.run.max_rounds: it should be at most"),
    "no number of seconds": (("--timeout", "nan"), 3, "$.run.timeout: it should be a number, not nan"),
    "more than endless": (("--timeout", "inf"), 3, "$.run.timeout: it should be a number, not inf"),
    "too many seconds": (("--idle-timeout", "1e300"), 3, "$.run.idle_timeout: it should be at most"),
    "negative retries": (("--dispatch-retries", "-1"), 3, "$.run.dispatch_retries: it should be at least 0"),
    "no word": (("--frobnicate",), 2, "No such option"),
    "round zero": (("--single-round", "--round", "0"), 2, "'--round'"),
    "a round without a single round": (("--round", "1"), 2, "--round needs --single-round"),
    "both ways": (("--resume", "--reset"), 2, "--resume and --reset contradict each other"),
    "a card that is a device": (("--task", "/dev/zero"), 3, "/dev/zero is a device, not a file"),
    "a card that is not there": (("--task", "gone.json"), 3, "there is no task card at"),
}


@pytest.mark.parametrize(("args", "code", "says"), WORDS.values(), ids=WORDS)
def test_odd_words_are_refused(tmp_path, args: tuple[str, ...], code: int, says: str):
    stage = Stage.set_up(tmp_path)
    result = stage.run(*args)
    assert (result.code, says in result.err) == (code, True), result.err
    assert (result.state, stage.paid, stage.refs()) == (None, (0, 0), {})


def test_a_cache_where_no_folder_can_be_made_is_refused_before_anything_is_paid(tmp_path):
    stage = Stage.set_up(tmp_path)
    empty_file(stage.cache)
    result = stage.run()
    assert (result.code, "loop-kit for the review tree cannot be made" in result.err) == (3, True), result.err
    assert (result.state, stage.paid) == (None, (0, 0))


def test_a_spoiled_archive_stops_the_run_that_needs_it_before_anything_is_paid(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[works()], reviewer=[objects()])
    stage.run("--max-rounds", "1")
    for name in ("archive/T-1/r2_fix_list.json", "fix_list.json"):
        (stage.bus / name).write_text("{", encoding="utf-8")
    says = "r2_fix_list.json is not what loop wrote there"
    ended(stage, stage.run("--resume", "--max-rounds", "2"), 11, says=says, paid=(1, 1))
    for path in (stage.bus / "archive/T-1").glob("r0_manifest*.json"):
        path.unlink()
    result = stage.run("--resume")
    assert (result.code, "the manifest of T-1 is not in" in result.err) == (3, True), result.err


def test_a_backend_without_its_settings_is_refused_before_anything_is_paid(tmp_path):
    stage = Stage.set_up(tmp_path)
    stage.configure(CONFIG.replace('script = "script.json"', ""))
    result = stage.run()
    assert (result.code, "backends.script.script is missing" in result.err) == (3, True), result.err
    assert result.state is None
