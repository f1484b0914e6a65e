import hashlib
from pathlib import Path

import pytest

from loop_kit.checks.output import TAIL, Output, safe_text


def test_everything_is_logged_and_digested_and_the_end_is_kept(tmp_path: Path):
    output = Output(tmp_path / "out.log")
    pieces = [b"first\n", b"x" * 3 * TAIL, b"\nlast\n"]
    for piece in pieces:
        output.write(piece)
    output.close()
    assert (tmp_path / "out.log").read_bytes() == b"".join(pieces)
    assert output.digest == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert len(output.tail) <= TAIL
    assert output.tail.endswith("x\nlast")
    assert output.failure == ""


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b(B\x1b[?25lhidden", "hidden"),
        (b"10%\r20%\r\n30%", "10%\n20%\n30%"),
        (b"tab\tstays", "tab\tstays"),
        (b"\x00\x07\x1b[", "\\x00\\x07\\x1b["),
        ("evil \u202e text \x9b".encode(), "evil \\u202e text \\x9b"),
        (b"caf\xc3\xa9 \xff", "café \ufffd"),
    ],
)
def test_nothing_that_a_terminal_would_obey_is_left(data, text):
    assert safe_text(data) == text
