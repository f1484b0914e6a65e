import json
import os
from pathlib import Path

import pytest

from loop_kit.cli.cmd_validate import kind_of
from loop_kit.errors import DocumentError
from tests.support import documents
from tests.support.commands import loop

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("task_card.json", "task_card"),
        ("config.toml", "config"),
        ("feed.jsonl", "feed_event"),
        ("worker.heartbeat.json", "heartbeat"),
        ("r1_work_report.json", "work_report"),
        ("r12_review_report.2.json", "review_report"),
        ("r0_manifest.json", "manifest"),
        ("r0_charter.json", "manifest"),
    ],
)
def test_a_files_name_tells_its_kind(name: str, kind: str):
    assert kind_of(Path("anywhere") / name) == kind


@pytest.mark.parametrize("name", ["notes.json", "r1_notes.json", "r1_work_report.refused-1.json", "feed.json", ""])
def test_another_name_tells_nothing(name: str):
    with pytest.raises(DocumentError, match="add --as"):
        kind_of(Path(name))


def test_every_document_of_the_example_is_valid():
    files = [path for path in EXAMPLE.rglob("*") if path.suffix in {".json", ".jsonl", ".toml"}]
    done = loop("validate", *files, cwd=EXAMPLE)
    assert (done.code, done.err) == (0, "")
    assert done.out == "".join(f"{path}: valid\n" for path in files)
    assert len(files) > 20


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("task_card.json", json.dumps(documents.card() | {"goal": ""}), "$.goal"),
        ("task_card.json", json.dumps(documents.card() | {"task_id": "../up"}), "task_id"),
        ("task_card.json", json.dumps(documents.card() | {"task_id": "T-1.lock"}), "task_id"),
        ("task_card.json", "[]", "object"),
        ("task_card.json", "", "it is empty"),
        ("task_card.json", '{"task_id": "T-1"', "JSON"),
        ("task_card.json", '{"goal": "a", "goal": "b"}', "'goal' stands twice"),
        ("task_card.json", "[" * 100_000, "deep"),
        ("state.json", json.dumps(documents.state() | {"outcome": "odd"}), "outcome"),
        ("manifest.json", json.dumps(documents.manifest() | {"card": {}}), "card"),
        ("config.toml", "[run]\nmax_roundz = 3\n", "max_rounds"),
        ("config.toml", "[checks.a]\nrunn = 'make'\n", "$.checks.a.runn: there is no such field, did you mean 'run'?"),
        ("config.toml", "[run\n", "line 1"),
        (
            "config.toml",
            "[worker]\nmodel = 'a'\n[roles.worker]\n",
            "$.worker: it should be left out beside [roles.worker]",
        ),
        ("feed.jsonl", "{}\n", "line 1"),
    ],
)
def test_a_spoiled_document_gets_one_line_that_names_the_fault(tmp_path: Path, name: str, text: str, says: str):
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = loop("validate", name, cwd=tmp_path)
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith(f"{name}: ")
    assert done.out.count("\n") == 1
    assert says in done.out
    assert len(done.out) < 1000


def test_the_last_line_of_a_feed_may_be_torn(tmp_path: Path):
    feed = (EXAMPLE / "logs/feed.jsonl").read_bytes()
    (tmp_path / "feed.jsonl").write_bytes(feed[:-20])
    assert loop("validate", "feed.jsonl", cwd=tmp_path).code == 3


def test_one_bad_document_among_good_ones_decides_the_exit_code(tmp_path: Path):
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    done = loop("validate", "--as", "state", "bad.json", EXAMPLE / "state.json", "absent.json", cwd=tmp_path)
    assert done.code == 3
    assert [line.partition(": ")[2] for line in done.out.splitlines()][1:] == ["valid", "the file does not exist"]


def test_json_says_the_same_a_line_a_file(tmp_path: Path):
    (tmp_path / "state.json").write_text('{"\x1b[31m": 1}'.replace("\x1b", "\\u001b"), encoding="utf-8")
    done = loop("validate", "--json", "state.json", EXAMPLE / "state.json", cwd=tmp_path)
    assert done.code == 3
    bad, good = [json.loads(line) for line in done.out.splitlines()]
    assert (bad["file"], bad["valid"]) == ("state.json", False)
    assert bad["problem"]
    assert good == {"file": str(EXAMPLE / "state.json"), "valid": True, "problem": None}


def test_what_is_no_file_is_said_and_never_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "state.json")
    (tmp_path / "task_card.json").mkdir()
    (tmp_path / "summary.json").symlink_to("summary.json")
    done = loop("validate", "state.json", "task_card.json", "summary.json", "--as", "state", "/dev/zero", cwd=tmp_path)
    assert done.code == 3
    said = done.out.splitlines()
    assert said[0] == "state.json: is a FIFO, not a file"
    assert said[1] == "task_card.json: is a folder, not a file"
    assert said[3] == "/dev/zero: is a device, not a file"


def test_a_config_that_is_absent_is_not_valid(tmp_path: Path):
    assert loop("validate", "config.toml", cwd=tmp_path).out == "config.toml: the file does not exist\n"


def test_a_config_that_is_no_file_is_not_waited_for_either(tmp_path: Path):
    os.mkfifo(tmp_path / "config.toml")
    done = loop("validate", "config.toml", cwd=tmp_path)
    assert (done.code, done.out) == (3, "config.toml: is a FIFO, not a file\n")


def test_names_and_contents_are_shown_and_never_sent(tmp_path: Path):
    (tmp_path / "task_card.json").write_text(
        json.dumps(documents.card() | {"\x1b[2J\x9b31m\u202e": 1, "goal": "\x1b]0;title\x07" * 3, "task_id": "\x1b"}),
        encoding="utf-8",
    )
    done = loop("validate", "task_card.json", "\x1b[31mstate.json", "--as", "task_card", cwd=tmp_path)
    assert done.code == 3
    assert [char for char in done.out if not char.isprintable() and char != "\n"] == []
    assert "\\x1b" in done.out
