import pytest

from loop_kit.backends.registry import find_backend, known
from loop_kit.backends.showing import show_call
from loop_kit.model.config import BackendSettings, Settings
from loop_kit.model.names import ROLES
from loop_kit.model.roles import RoleSettings

SETTINGS = {
    "acp": {"argv": ("agent", "--acp")},
    "command": {"argv": ("agent", "--prompt", "{prompt}", "--report", "{report}")},
    "script": {"script": "/bus/script.json"},
}


@pytest.mark.parametrize("name", known())
@pytest.mark.parametrize("role", ROLES)
def test_every_backend_can_be_shown_without_a_run_and_without_a_path_of_this_machine(name: str, role: str):
    own = BackendSettings(type=name, **SETTINGS.get(name, {}))  # type: ignore[arg-type]  # each is a text or texts
    given = RoleSettings(args=("--mine",))
    settings = Settings(worker=given, reviewer=given, backends={name: own})
    argv = show_call(find_backend(name, own), name, settings, role, program="/usr/bin/agent")
    assert "--mine" in argv
    assert not [word for word in argv if "loop-show-" in word]


def test_what_only_a_run_knows_has_a_name():
    own = BackendSettings(type="command", argv=("agent", "{prompt}", "{report}"))
    settings = Settings(backends={"mine": own})
    argv = show_call(find_backend("mine", own), "mine", settings, "worker", program="/usr/bin/agent")
    assert argv == ("/usr/bin/agent", "PROMPT", "OUTBOX/report.json")
