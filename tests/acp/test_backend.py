import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

import loop_kit
from loop_kit.backends.base import Call
from loop_kit.backends.contract import check_backend
from loop_kit.backends.programs import locate
from loop_kit.backends.registry import find_backend
from loop_kit.errors import BackendError, ConfigError
from loop_kit.model.agent_events import Failed, FailureKind, Said
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access
from loop_kit_acp.backend import ACP
from loop_kit_acp.presets import PRESETS
from tests.backends.orders import make_order

BRIDGE = (sys.executable, "-P", "-E", "-m", "loop_kit_acp.bridge")
OWN = BackendSettings(type="acp", argv=("my-agent", "--acp"))


def command(folder: Path, settings: BackendSettings, **given: Any) -> Call:
    backend = find_backend("agent", settings)
    return backend.command(make_order(folder, settings=settings, **given))


def test_any_agent_is_started_by_its_argv(tmp_path: Path):
    call = command(tmp_path, OWN, session="-s", model="m", args=("--x",))
    rest = ("--access", "write", "--session=-s", "--model=m", "--", "/opt/agent", "--acp", "--x")
    assert (call.argv, dict(call.env)) == ((*BRIDGE, *rest), {})
    assert call.stdin == tmp_path / "prompt.txt"


@pytest.mark.parametrize(
    ("preset", "access", "rest"),
    [
        ("claude", Access.WRITE, ("--session=s", "--model=m", "--mode=default", "--", "/opt/agent")),
        (
            "codex",
            Access.WRITE,
            ("--session=s", "--model=m", "--mode=agent-full-access", "--mode=full-access", "--", "/opt/agent"),
        ),
        ("codex", Access.READ, ("--session=s", "--model=m", "--mode=read-only", "--", "/opt/agent")),
        ("gemini", Access.WRITE, ("--mode=default", "--", "/opt/agent", "--acp", "-m", "m")),
        ("opencode", Access.WRITE, ("--session=s", "--model=m", "--no-usage", "--", "/opt/agent", "acp")),
    ],
)
def test_a_preset_says_how_its_agent_is_driven(tmp_path: Path, preset: str, access: Access, rest: tuple[str, ...]):
    call = command(tmp_path, BackendSettings(type="acp", preset=preset), access=access, session="s", model="m")
    assert tuple(word for word in call.argv if not word.startswith("--meta=")) == (*BRIDGE, "--access", access, *rest)


@pytest.mark.parametrize(("preset", "told"), [("gemini", True), ("opencode", False)])
def test_an_agent_that_hides_git_settings_is_told_in_whose_name_it_commits(tmp_path: Path, preset: str, told: bool):
    who = {"GIT_AUTHOR_NAME": "N"}
    call = command(tmp_path, BackendSettings(type="acp", preset=preset), identity=who)
    assert (who.items() <= call.env.items()) == told


def test_with_a_preset_argv_says_only_how_the_agent_is_started(tmp_path: Path):
    settings = BackendSettings(type="acp", preset="codex", argv=("npx", "codex-acp"))
    call = command(tmp_path, settings, program="/opt/npx")
    assert call.argv[-5:] == (*("--mode=agent-full-access", "--mode=full-access"), "--", "/opt/npx", "codex-acp")
    backend = find_backend("agent", settings)
    assert backend.programs == ()
    assert "OPENAI_*" in backend.env


def test_opencode_is_told_to_ask_when_it_reviews_except_to_read_the_tree(tmp_path: Path):
    settings = BackendSettings(type="acp", preset="opencode")
    outside = {"*": "ask", f"{tmp_path}/tree/*": "allow"}
    asked = {"permission": {"edit": "ask", "bash": "ask", "webfetch": "ask", "external_directory": outside}}
    assert json.loads(command(tmp_path, settings, access=Access.READ).merged["OPENCODE_CONFIG_CONTENT"]) == asked
    assert command(tmp_path, settings).merged == {}


def test_what_a_person_tells_opencode_is_kept_when_it_reviews(tmp_path: Path):
    settings = BackendSettings(type="acp", preset="opencode")
    own = {"OPENCODE_CONFIG_CONTENT": '{"provider": {"mine": {}}, "permission": "allow"}'}
    call = command(tmp_path, settings, access=Access.READ, environment=own)
    told = json.loads(call.merged["OPENCODE_CONFIG_CONTENT"])
    assert (told["provider"], told["permission"]["edit"]) == ({"mine": {}}, "ask")
    with pytest.raises(ConfigError, match="OPENCODE_CONFIG_CONTENT is not a JSON object"):
        command(tmp_path, settings, access=Access.READ, environment={"OPENCODE_CONFIG_CONTENT": "{ // mine"})


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_keeps_the_contract_and_names_its_program(preset: str):
    settings = BackendSettings(type="acp", preset=preset)
    check_backend(ACP, settings=settings, transcripts=[['{"event": "session", "id": "s"}']])
    with pytest.raises(BackendError, match=f"'{PRESETS[preset].argv[0]}', which is neither on PATH"):
        locate("agent", find_backend("agent", settings), settings, path="", home="")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (BackendSettings(type="acp"), r"^backends\.mine says neither preset nor argv$"),
        (BackendSettings(type="acp", argv=("",)), r"^backends\.mine says neither preset nor argv$"),
        (
            BackendSettings(type="acp", preset="gemmini"),
            r"^backends\.mine\.preset: there is no preset 'gemmini', did you mean 'gemini'\?$",
        ),
        (BackendSettings(type="acp", preset="?"), r"there is no preset '\?'$"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_paid(settings: BackendSettings, says: str):
    with pytest.raises(ConfigError, match=says):
        find_backend("mine", settings)


def test_only_event_lines_are_heard():
    assert ACP.read("words") == ACP.read('{"event": "heard"}') == ()
    assert ACP.read('{"event": "said", "text": "words"}') == (Said("words"),)


def test_a_bridge_that_cannot_begin_is_not_tried_again():
    for code in (95, 2):
        assert ACP.explain(code, "usage: x\nno\n") == Failed(kind=FailureKind.CONFIG, message="no")
    assert ACP.explain(95, "") == Failed(kind=FailureKind.CONFIG, message="the bridge could not be started")
    assert ACP.explain(0, "") is None


def test_a_missing_client_library_is_found_before_anything_is_paid(tmp_path: Path):
    # An environment of its own that has loop and what it needs, by links to where they are here, and no `acp`.
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    theirs = next((tmp_path / "venv/lib").glob("python*/site-packages"))
    ours = Path(pytest.__file__).parents[1]
    for path in ours.iterdir():
        if path.name not in ("acp", "__pycache__") and path.suffix != ".pth":
            (theirs / path.name).symlink_to(path)
    (theirs / "loop.pth").write_text(f"{Path(loop_kit.__file__).parents[1]}\n", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".loop").mkdir()
    (tmp_path / ".loop/config.toml").write_text(
        '[run]\nworker_backend = "mine"\nreviewer_backend = "mine"\n[backends.mine]\ntype = "acp"\nargv = ["sh"]\n',
        encoding="utf-8",
    )
    argv = [str(tmp_path / "venv/bin/python"), "-P", "-E", "-m", "loop_kit", "doctor"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 8, done.stderr
    assert "the backend 'mine' needs the client library for ACP, which is not installed" in done.stdout
