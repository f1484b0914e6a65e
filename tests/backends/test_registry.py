"""Registration leaves a trace in the process, so most of these look at a fresh one."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from loop_kit.backends.base import Backend
from loop_kit.backends.registry import ENTRY_POINTS, find_backend, known, load_plugins, register_backend
from loop_kit.errors import ConfigError
from loop_kit.model.config import BackendSettings
from tests.support.distributions import install

COME_WITH_LOOP = ("acp", "claude", "codex", "command", "gemini", "opencode", "script")
PLUGIN = """
    from loop_kit.backends.base import Backend, Call, Order
    from loop_kit.backends.registry import register_backend

    class Mine(Backend):
        programs = ("mine",)
        env = ()
        supports_resume = False

        def command(self, order: Order) -> Call:
            return Call(argv=(order.program,), stdin=order.prompt)

        def read(self, line: str):
            return ()
"""
ASK = """
    from loop_kit.backends.registry import ENTRY_POINTS, find_backend, known, load_plugins
    from loop_kit.errors import LoopError
    from loop_kit.model.config import BackendSettings

    def show(name, kind=None):
        try:
            print(type(find_backend(name, BackendSettings(type=kind or name))).__name__)
        except LoopError as error:
            print(f"{type(error).__name__}: {error.message}")
"""


def _run(folder: Path, code: str) -> list[str]:
    """Run code in a fresh interpreter that can import from `folder`."""
    program = textwrap.dedent(ASK) + textwrap.dedent(code)
    env = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _module(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(textwrap.dedent(text))


@pytest.mark.parametrize("name", COME_WITH_LOOP)
def test_every_backend_that_comes_with_loop_is_found(name: str):
    backend = find_backend(name, BackendSettings(type=name, argv=("agent",), script="/s.json"))
    assert isinstance(backend, Backend)


def test_a_table_names_the_backend_that_runs_it():
    backend = find_backend("mine", BackendSettings(type="command", argv=("agent", "{session}")))
    assert backend.supports_resume


def test_an_unknown_name_is_one_sentence_with_what_was_probably_meant():
    with pytest.raises(ConfigError) as caught:
        find_backend("codx", BackendSettings(type="codx"))
    assert caught.value.message == "there is no backend 'codx', did you mean 'codex'?"
    assert caught.value.hint == (
        "known backends: acp, claude, codex, command, gemini, opencode, script; "
        "others come with packages in the environment that runs loop"
    )
    with pytest.raises(ConfigError, match=r"^backends\.mine\.type: there is no backend 'x9'$"):
        find_backend("mine", BackendSettings(type="x9"))


def test_wrong_settings_are_refused_when_the_backend_is_found():
    with pytest.raises(ConfigError, match=r"^backends\.mine\.argv is missing$"):
        find_backend("mine", BackendSettings(type="command"))


def test_a_plugin_announces_itself_by_being_imported(tmp_path):
    _module(tmp_path, "plug", PLUGIN + '\n    register_backend("mine", Mine())\n')
    assert _run(tmp_path, 'show("mine"); load_plugins(["plug"]); show("mine"); print(known())') == [
        "ConfigError: there is no backend 'mine', did you mean 'gemini'?",
        "Mine",
        "('acp', 'claude', 'codex', 'command', 'gemini', 'mine', 'opencode', 'script')",
    ]


@pytest.mark.parametrize(
    "text",
    ["raise RuntimeError('broken')", "1 +", "import not_there_at_all", "undefined_name", "assert False", "[][0]"],
)
def test_a_plugin_that_cannot_be_imported_is_one_sentence(tmp_path, text: str):
    _module(tmp_path, "plug", text)
    code = """
        try:
            load_plugins(["plug"])
        except LoopError as error:
            print(error.message)
    """
    (line,) = _run(tmp_path, code)
    assert line.startswith("plugins: the module 'plug' cannot be imported: ")


def test_a_plugin_that_is_not_there_is_one_sentence():
    with pytest.raises(ConfigError, match="the module 'not_there_at_all' cannot be imported"):
        load_plugins(["not_there_at_all"])


@pytest.mark.parametrize("offered", ["mine = plug:Mine", "mine = plug:MINE"])
def test_an_installed_package_may_offer_a_backend_or_its_class(tmp_path, offered: str):
    _module(tmp_path, "plug", PLUGIN + "\n    MINE = Mine()\n")
    install(tmp_path, ENTRY_POINTS, offered)
    assert _run(tmp_path, 'show("mine"); show("other", "mine"); print("mine" in known())') == ["Mine", "Mine", "True"]


def test_an_installed_package_does_not_change_what_a_known_name_means(tmp_path):
    _module(tmp_path, "plug", PLUGIN)
    install(tmp_path, ENTRY_POINTS, "codex = plug:Mine")
    assert _run(tmp_path, 'show("codex")') == ["Codex"]


def test_a_name_that_two_packages_offer_means_neither(tmp_path):
    _module(tmp_path, "plug", PLUGIN)
    install(tmp_path, ENTRY_POINTS, "acp = plug:Mine")
    assert _run(tmp_path, 'show("acp")') == [
        "ConfigError: more than one package offers a backend 'acp': loop_kit_acp.backend:ACP, plug:Mine"
    ]


def test_an_installation_that_does_not_say_what_it_offers_is_said_to_be_one(tmp_path):
    code = """
        import importlib.metadata
        importlib.metadata.entry_points = lambda **_: importlib.metadata.EntryPoints()
        show("acp")
    """
    assert _run(tmp_path, code) == ["ConfigError: this loop was installed without its entry points (loop_kit.backends)"]


@pytest.mark.parametrize(
    ("offered", "sentence"),
    [
        ("mine = plug:Other", "ConfigError: the backend 'mine' of plug:Other cannot be loaded: "),
        ("mine = gone:Mine", "ConfigError: the backend 'mine' of gone:Mine cannot be loaded: "),
        ("mine = plug:NUMBER", "ConfigError: the backend 'mine' of plug:NUMBER is no backend"),
        ("mine = plug:Needy", "ConfigError: the backend 'mine' of plug:Needy cannot be loaded: "),
    ],
)
def test_what_a_package_offers_and_is_no_backend_is_one_sentence(tmp_path, offered: str, sentence: str):
    extra = """
    NUMBER = 7

    class Needy:
        def __init__(self, needed): ...
    """
    _module(tmp_path, "plug", PLUGIN + extra)
    install(tmp_path, ENTRY_POINTS, offered)
    (line,) = _run(tmp_path, 'show("mine")')
    assert line.startswith(sentence)


def test_a_taken_name_is_refused(tmp_path):
    code = """
        for name in ("codex", "mine", "mine"):
            try:
                register_backend(name, Mine())
            except ConfigError as error:
                print(error.message)
    """
    _module(tmp_path, "plug", PLUGIN + "\n    from loop_kit.errors import ConfigError\n")
    imports = "\nfrom plug import *\n"
    lines = _run(tmp_path, imports + textwrap.dedent(code))
    assert lines == ["the backend name 'codex' is taken", "the backend name 'mine' is taken"]


def test_a_class_or_half_a_backend_is_not_registered():
    for candidate in (object(), type("Half", (), {"programs": ()})()):
        with pytest.raises(ConfigError, match="the backend registered as 'half' is no backend"):
            register_backend("half", candidate)  # type: ignore[arg-type]  # what a plugin may do
    assert "half" not in known()
