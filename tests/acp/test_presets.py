import pytest

from loop_kit.backends.registry import find_backend
from loop_kit.model.config import BackendSettings
from loop_kit_acp.presets import PRESETS, TESTED


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_the_name_of_the_backend_of_its_program(preset: str):
    assert PRESETS[preset].env[0] in find_backend(preset, BackendSettings(type=preset)).env


@pytest.mark.parametrize("package", TESTED)
def test_the_versions_of_an_adapter_stand_from_the_oldest_to_the_newest(package: str):
    numbers = [tuple(map(int, version.split("."))) for version in TESTED[package]]
    assert numbers == sorted(numbers)
