import pytest

from loop_kit.backends.environment import agent_environment, explain_environment

BASE = {
    "PATH": "/bin",
    "HOME": "/home/p",
    "LC_ALL": "C",
    "XDG_CACHE_HOME": "/c",
    "https_proxy": "http://p",
    "HTTPS_PROXY": "http://p",
    "SSL_CERT_FILE": "/ca",
    "GIT_AUTHOR_NAME": "P",
    "GIT_CONFIG_GLOBAL": "/g",
}
OUTER = {
    **BASE,
    "GIT_DIR": "/elsewhere",
    "GIT_INDEX_FILE": "/elsewhere/index",
    "GIT_WORK_TREE": "/elsewhere",
    "GIT_CONFIG_COUNT": "1",
    "PYTHONPATH": "/evil",
    "LD_PRELOAD": "/evil.so",
    "DYLD_INSERT_LIBRARIES": "/evil.dylib",
    "LOOP_WORKER_BACKEND": "x",
    "SSH_AUTH_SOCK": "/s",
    "ONE_API_KEY": "1",
    "OTHER_API_KEY": "2",
}


def _added(backend_env: tuple[str, ...] = (), env_pass: tuple[str, ...] = ()) -> dict[str, str]:
    """Return what reaches the agent besides what reaches every agent."""
    environment = agent_environment(OUTER, backend_env=backend_env, env_pass=env_pass, env_set={}, role_env={}, loop={})
    assert BASE.items() <= environment.items()
    return {name: value for name, value in environment.items() if name not in BASE}


def test_what_nobody_named_does_not_pass():
    assert _added() == {}


def test_a_backend_gets_its_own_key_and_not_anothers():
    assert _added(backend_env=("ONE_*",)) == {"ONE_API_KEY": "1"}


@pytest.mark.parametrize("pattern", ["OTHER_API_KEY", "OTHER_*"])
def test_a_person_may_pass_a_name_or_a_prefix(pattern: str):
    assert _added(env_pass=(pattern,)) == {"OTHER_API_KEY": "2"}


@pytest.mark.parametrize(
    "name", ["PYTHONPATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "GIT_CONFIG_COUNT", "LOOP_WORKER_BACKEND"]
)
def test_what_loads_other_code_passes_by_its_full_name_only(name: str):
    assert name not in _added(env_pass=(f"{name[:3]}*",), backend_env=(f"{name[:4]}*",))
    assert name in _added(env_pass=(name,))


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"])
def test_nothing_points_git_at_another_repository(name: str):
    assert name not in _added(env_pass=(name, "GIT_*"), backend_env=(name,))


def test_a_star_alone_is_no_way_to_pass_everything():
    assert _added(env_pass=("*",)) == {}


def test_set_outweighs_passed_and_loop_outweighs_all():
    environment = agent_environment(
        {"HOME": "outer", "A": "outer"},
        backend_env=(),
        env_pass=("A", "B", "C"),
        env_set={"A": "set", "B": "set", "LOOP_ROLE": "set"},
        role_env={"B": "role", "LOOP_ROLE": "role"},
        loop={"LOOP_ROLE": "worker"},
    )
    assert environment == {"HOME": "outer", "A": "set", "B": "role", "LOOP_ROLE": "worker"}


def test_every_variable_is_explained():
    passages = explain_environment(OUTER, backend_env=("ONE_*",), env_pass=("SSH_AUTH_SOCK", "OTHER_*"))
    assert [each.name for each in passages] == sorted(OUTER)
    reasons = {each.name: (each.passed, each.reason) for each in passages}
    assert reasons["PATH"] == (True, "every agent gets it")
    assert reasons["ONE_API_KEY"] == (True, "the backend asks for it")
    assert reasons["SSH_AUTH_SOCK"] == (True, "passed by name")
    assert reasons["OTHER_API_KEY"] == (True, "passed by a pattern in [env] pass")
    assert reasons["GIT_DIR"] == (False, "it points git at another repository")
    assert reasons["PYTHONPATH"] == (False, "it changes what programs load or do; pass it by its full name")
    assert explain_environment({"X": "1"}, backend_env=(), env_pass=())[0].reason == "nothing asks for it"
