from typing import Any

import pytest

from loop_kit_acp.bridge.permissions import choose, command_of, may, only_looks


@pytest.mark.parametrize(
    "command",
    [
        "git log",
        "git diff HEAD~1..HEAD",
        "git show HEAD:src/a.py",
        "git status --short",
        "git log --oneline -5 --format=%h",
    ],
)
def test_looking_is_allowed(command: str):
    assert only_looks(command)


@pytest.mark.parametrize(
    "command",
    [
        *("git", "git commit", "git push", "git -c core.pager=sh log", "git  log", " git log", "log", ""),
        *("git log; ls", "git log && ls", "git log | sh", "git log > f", "git log `ls`", "git log $(ls)", "git log $X"),
        *(
            "git log\nls",
            "git log 'a'",
            'git log "a"',
            "git log *",
            "git log a\\ b",
            "git log !x",
            "git log #x",
            "git log ~x*",
        ),
        *(
            "git diff --output=f",
            "git log --outpu=f",
            "git show --ext-diff",
            "git log -p --textconv",
            "git diff --output f",
        ),
        *("/tmp/git log", "GIT_PAGER=x git log", "git log\tx", "git log \u00e9", "git diff &", "git log (x)"),
    ],
)
def test_everything_else_is_not(command: str):
    assert not only_looks(command)


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({"command": "git log"}, "git log"),
        ({"cmd": "git log"}, "git log"),
        ({"command": ["/bin/bash", "-lc", "git log; ls"]}, "git log; ls"),
        ({"command": ["git", "log"]}, "git log"),
        ({"command": ["git", "log", "a; ls"]}, "git log a; ls"),
        ({"command": []}, None),
        ({"command": ["git", 7]}, None),
        ({"command": None}, None),
        (["git", "log"], None),
        (None, None),
    ],
)
def test_a_command_is_found_where_agents_put_it(given: Any, command: str | None):
    assert command_of(given) == command


@pytest.mark.parametrize("kind", ["edit", "delete", "move", "fetch", "switch_mode", "other", None])
def test_a_reviewer_does_nothing_but_look(kind: str | None):
    assert not may("read", kind, {"command": "git log"})
    assert may("write", kind, {})
    assert not may("somebody", kind, {})


def test_the_option_is_chosen_by_its_kind_and_the_narrowest_first():
    options = [
        ("allow_always", "a"),
        ("reject_always", "b"),
        ("allow_once", "c"),
        ("allow_once", "d"),
        ("reject_once", "e"),
    ]
    assert choose(options, allowed=True) == "c"
    assert choose(options, allowed=False) == "e"
    assert choose(options[:2], allowed=True) == "a"
    assert choose(options[:2], allowed=False) == "b"
    assert choose(options[:1], allowed=False) is None
