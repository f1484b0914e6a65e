import pytest

from loop_kit.backends.registry import find_backend
from loop_kit.backends.tested import TESTED
from loop_kit.backends.versions import Measured
from loop_kit.model.config import BackendSettings


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@pytest.mark.parametrize("package", TESTED)
def test_the_versions_of_a_program_stand_from_the_oldest_to_the_newest(package: str):
    assert list(TESTED[package]) == sorted(TESTED[package], key=numbers)


def test_what_a_backend_says_it_was_tested_with_stands_there():
    for name in ("claude", "codex", "gemini", "opencode"):
        backend = find_backend(name, BackendSettings(type=name))
        assert isinstance(backend, Measured)
        assert backend.tested in TESTED.values()
