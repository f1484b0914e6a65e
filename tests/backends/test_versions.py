import pytest

from loop_kit.backends.registry import find_backend
from loop_kit.backends.tested import TESTED
from loop_kit.backends.versions import judge_version, sandbox_of
from loop_kit.model.config import BackendSettings

FIRST, *_, LAST = TESTED["@anthropic-ai/claude-code"]
CLAUDE = find_backend("claude", BackendSettings(type="claude"))


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        (f"{LAST} (Claude Code)", "tested"),
        (f"claude v{FIRST}", "tested"),
        (f"{FIRST[:-1]}8", f"between the tested {' and '.join(TESTED['@anthropic-ai/claude-code'])}"),
        ("99.10.1", f"newer than {LAST}, the last that was tested"),
        ("99.0.0-beta.1", f"newer than {LAST}, the last that was tested"),
        ("1.9.99", f"older than {FIRST}, the first that was tested"),
        ("2.1", ""),
        ("", ""),
        ("built on 2025-01-31", ""),
        (f"x{LAST}", ""),
    ],
)
def test_a_version_is_held_against_those_that_were_tested(said: str, standing: str):
    assert judge_version(CLAUDE, said) == standing


@pytest.mark.parametrize("name", ["codex", "claude", "gemini", "opencode"])
def test_every_known_program_says_what_it_was_tested_with_and_what_confines_it(name: str):
    backend = find_backend(name, BackendSettings(type=name))
    assert judge_version(backend, "0.0.1").startswith("older than ")
    assert sandbox_of(backend)


def test_of_a_program_that_nobody_measured_nothing_is_said():
    command = find_backend("mine", BackendSettings(type="command", argv=("agent",)))
    assert (judge_version(command, "1.2.3"), sandbox_of(command)) == ("", "")
