import click
import pytest

from loop_kit.cli.options import given_settings, settings_options
from loop_kit.model.run_settings import run_settings


@click.command()
@settings_options
def command(**flags: object) -> dict[str, object]:
    return given_settings(flags)


def given(*args: str) -> object:
    return command.main([*args], standalone_mode=False)


def test_every_setting_has_its_flag_in_the_order_of_the_table():
    assert [param.name for param in command.params] == [setting.name for setting in run_settings()]


def test_what_is_not_given_is_not_there():
    assert given() == {}


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (("--max-rounds", "4"), {"max_rounds": 4}),
        (("--timeout", "1.5"), {"timeout": 1.5}),
        (("--worker-backend", "claude"), {"worker_backend": "claude"}),
        (("--auto-dispatch",), {"auto_dispatch": True}),
        (("--reviewers", "claude, codex"), {"reviewers": ["claude", "codex"]}),
        (("--quorum", "1"), {"quorum": 1}),
        (("--no-auto-dispatch",), {"auto_dispatch": False}),
    ],
)
def test_a_flag_gives_a_value_of_the_settings_own_type(args: tuple[str, ...], found: dict[str, object]):
    assert given(*args) == found


def test_the_help_names_each_default():
    told = {param.name: getattr(param, "help", "") for param in command.params}
    assert told["max_rounds"].endswith("[default: 3]")
