"""Lines that are put aside unread: each must mean nothing when it is read too, whatever stands behind its beginning."""

import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from loop_kit.backends import claude, codex, gemini
from loop_kit.backends.base import Backend
from tests.backends.orders import cases, lines

NEVER = re.compile("(?!)")
QUICK: dict[str, tuple[ModuleType, Backend]] = {
    "claude": (claude, claude.CLAUDE),
    "codex": (codex, codex.CODEX),
    "gemini": (gemini, gemini.GEMINI),
}


def captured(program: str) -> list[str]:
    return sorted({line for case in cases(program) for line in lines(program, case)})


def bent(line: str, program: str) -> Iterator[str]:
    """Yield the line and what could become of it: other spaces, its end or a second meaning."""
    yield from (line, line.replace('":"', '": "').replace('","', '", "'), f" {line}", line[: len(line) // 2])
    yield from (line.replace(":", " :", 1), line.replace("t", "\\u0074", 1))
    for other in ('"type":"assistant"', '"type":"turn.failed"', '"item":{"type":"web_search"}', '"role":"assistant"'):
        yield f"{line[:-1]},{other}}}"
        yield f"{{{other},{line[1:]}"
        yield line.replace('"item":{', f'"item":{{{other},', 1)
        yield line.replace("}}", f",{other}}}}}", 1)
    for kind in {"agent_message", "file_change"} if program == "codex" else ():
        yield re.sub(r'("id":"[^"]*","type":)"\w+"', rf'\1"{kind}"', line)


@pytest.mark.parametrize("program", QUICK)
def test_a_line_that_is_put_aside_means_nothing_when_it_is_read(program: str, monkeypatch):
    module, backend = QUICK[program]
    told = [line for each in captured(program) for line in bent(each, program)]
    quick = [backend.read(line) for line in told]
    aside = [bool(module._MEANS_NOTHING.match(line)) for line in told]
    monkeypatch.setattr(module, "_MEANS_NOTHING", NEVER)
    assert quick == [backend.read(line) for line in told]
    assert any(aside)
    assert any(events and not skipped for events, skipped in zip(quick, aside, strict=True))


@pytest.mark.parametrize("program", QUICK)
def test_what_tools_answered_is_put_aside(program: str):
    answers = ("tool_result", '"item.completed","item":{"id":"item_3","type":"command_execution"')
    found = [line for line in captured(program) if any(mark in line[:200] for mark in answers)]
    assert found
    assert all(QUICK[program][0]._MEANS_NOTHING.match(line) for line in found)
