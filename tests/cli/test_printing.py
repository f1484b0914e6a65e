import json
import sys
from pathlib import Path

import pytest

from loop_kit.cli.printing import cut, local_time
from tests.support.commands import loop
from tests.support.terminals import Terminal, cells

PROGRAM = (sys.executable, "-P", "-E", "-c")


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("", 5, ""),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("e\u0301" * 5, 5, "e\u0301" * 5),
        ("e\u0301" * 6, 5, "e\u0301" * 4 + "…"),
    ],
)
def test_a_line_is_cut_to_what_a_terminal_shows(text: str, room: int, shown: str):
    assert cut(text, room) == shown


@pytest.mark.parametrize("room", range(1, 12))
def test_what_was_cut_never_takes_more_than_its_room(room: int):
    assert cells(cut("a日b本c語d", room)) <= room


@pytest.mark.parametrize("at", ["", "soon", "\x1b[2J"])
def test_what_is_no_time_is_shown_as_it_is(at: str):
    assert local_time(at) == at


def test_times_are_told_as_the_persons_clock_shows_them(tmp_path: Path):
    probe = "from loop_kit.cli.printing import local_time as t; print(t('2025-03-03T10:00:00.000Z'))"
    for zone, shown in (("UTC", "2025-03-03 10:00:00"), ("XYZ-5:30", "2025-03-03 15:30:00")):
        assert loop(probe, cwd=tmp_path, env={"TZ": zone}, program=PROGRAM).out == f"{shown}\n"


BYTES = b"caf\xc3\xa9 \x1b[31m\xff\r\nno newline"


@pytest.mark.parametrize("how", ["print_bytes(path.read_bytes())", "print_file(path)"])
def test_bytes_leave_as_they_are_but_a_terminal_is_shown_and_not_told(tmp_path: Path, how: str):
    (tmp_path / "file").write_bytes(BYTES)
    probe = f"from loop_kit.cli.printing import *; from pathlib import Path; path = Path('file'); {how}"
    assert loop(probe, cwd=tmp_path, program=PROGRAM).raw_out == BYTES
    with Terminal([*PROGRAM, probe], cwd=tmp_path) as terminal:
        assert terminal.wait() == 0
    assert terminal.text == "café \\x1b[31m\\xff\\r\nno newline"


def test_a_reader_that_left_is_noticed_and_no_crash(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"x" * 1_000_000)
    probe = (
        "from loop_kit.cli.printing import *; from pathlib import Path; print_file(Path('file'));"
        "print_bytes(bytes(1_000_000)); import sys; print(print_('x' * 1_000_000), file=sys.stderr); sys.stdout = None"
    )
    shell = ("sh", "-c", '"$@" | true', "sh", *PROGRAM)
    assert loop(probe, cwd=tmp_path, program=shell).err.splitlines()[0] == "False"


def test_json_is_ascii_so_that_any_terminal_can_show_it(tmp_path: Path):
    probe = "from loop_kit.cli.printing import print_json; print_json({'é': '\\x1b\\u202e'})"
    done = loop(probe, cwd=tmp_path, program=PROGRAM)
    assert done.out.isascii()
    assert json.loads(done.out) == {"é": "\x1b\u202e"}
