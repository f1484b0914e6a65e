"""The environment an agent gets: built from nothing, so that what is not named here does not pass.

A person widens it with `[env] pass`: a name, or a beginning as `PREFIX_*`. What could make a program load other code
passes by its full name only; git variables that point at another repository never do, because the agent would commit
there.
"""

from collections.abc import Mapping

from loop_kit.values import dataclass

_EVERYBODY = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ"),
    *("LANG", "LANGUAGE", "LC_*", "TERM", "COLORTERM", "NO_COLOR", "XDG_*"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"),
    *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_SSH_COMMAND"),
)
_NEVER = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_PREFIX"),
    *(
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_QUARANTINE_PATH",
        "GIT_SHALLOW_FILE",
        "GIT_GRAFT_FILE",
    ),
)
_BY_FULL_NAME = (
    *("PYTHON*", "LD_*", "DYLD_*", "NODE_OPTIONS", "NODE_PATH", "PERL5LIB", "PERL5OPT", "RUBYLIB", "RUBYOPT"),
    *("BASH_ENV", "ENV", "GIT_CONFIG_*", "LOOP_*"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Whether one of the person's variables reaches the agent, and why."""

    name: str
    passed: bool
    reason: str


def agent_environment(
    outer: Mapping[str, str],
    *,
    backend_env: tuple[str, ...],
    env_pass: tuple[str, ...],
    env_set: Mapping[str, str],
    role_env: Mapping[str, str],
    loop: Mapping[str, str],
) -> dict[str, str]:
    """Return an agent's whole environment: set outweighs passed, and loop's own variables outweigh everything."""
    passages = explain_environment(outer, backend_env=backend_env, env_pass=env_pass)
    return {**{each.name: outer[each.name] for each in passages if each.passed}, **env_set, **role_env, **loop}


def explain_environment(
    outer: Mapping[str, str], *, backend_env: tuple[str, ...], env_pass: tuple[str, ...]
) -> tuple[Passage, ...]:
    """Return for each of the person's variables, by name, whether it reaches the agent."""
    return tuple(_judge(name, backend_env, env_pass) for name in sorted(outer))


def _judge(name: str, backend_env: tuple[str, ...], env_pass: tuple[str, ...]) -> Passage:
    if name in _NEVER:
        return Passage(name=name, passed=False, reason="it points git at another repository")
    for passed, names, reason in (
        (True, _EVERYBODY, "every agent gets it"),
        (True, tuple(entry for entry in (*backend_env, *env_pass) if entry == name), "passed by name"),
        (False, _BY_FULL_NAME, "it changes what programs load or do; pass it by its full name"),
        (True, backend_env, "the backend asks for it"),
        (True, env_pass, "passed by a pattern in [env] pass"),
    ):
        if any(_matches(pattern, name) for pattern in names):
            return Passage(name=name, passed=passed, reason=reason)
    return Passage(name=name, passed=False, reason="nothing asks for it")


def _matches(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") and len(pattern) > 1 else name == pattern
