"""What each backend makes of access and answer is in tests/backends/test_base.py."""

from typing import Any

import pytest

from loop_kit.errors import ConfigError
from loop_kit.model import schema
from loop_kit.model.config import Settings
from loop_kit.model.names import ROLES
from loop_kit.model.roles import Access, Answer, RoleSettings, people_after
from loop_kit.values.reading import read, write

FULL: dict[str, Any] = {
    "run": {"reviewers": ["claude", "strict"], "quorum": 1, "dispatch_timeout": 100, "idle_timeout": 10},
    "roles": {
        "worker": {"backend": "codex, claude", "model": "large", "effort": "high", "dispatch_timeout": 0},
        "strict": {
            "backend": "codex,gemini",
            "access": "read",
            "args": ["--slow"],
            "env": {"A": "b"},
            "idle_timeout": 5,
        },
    },
    "backends": {"claude": {"effort": "max", "model": "small"}},
}


NAMED = "a role's name should be up to 64 letters, digits, '.', '_' or '-', starting with a letter or digit"


def refusal(document: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        Settings.from_document(document, name="config.toml").check_roles()
    assert refused.value.hint
    return refused.value.message


def test_the_words_are_those_that_stand_in_documents_and_command_lines():
    assert [str(each) for each in Access] == ["read", "write"]
    assert [str(each) for each in Answer] == ["file", "form", "text"]


def test_without_a_word_there_is_one_reviewer():
    settings = Settings.from_document({})
    assert (settings.reviewers, settings.role_names, settings.quorum_needed) == (("reviewer",), ROLES, 1)
    assert [settings.backend_names(role) for role in ROLES] == [("codex",), ("codex",)]
    assert [settings.access(role) for role in ROLES] == [Access.WRITE, Access.READ]
    assert [settings.dispatch_timeout(role) for role in ROLES] == [2700.0, 2700.0]
    assert [settings.idle_timeout(role) for role in ROLES] == [0.0, 0.0]
    settings.check_roles()


def test_a_reviewer_is_a_role_of_the_config_or_a_backend():
    settings = Settings.from_document(FULL)
    settings.check_roles()
    assert settings.role_names == ("worker", "claude", "strict")
    assert settings.quorum_needed == 1
    assert [settings.access(role) for role in settings.role_names] == [Access.WRITE, Access.READ, Access.READ]
    names = {role: settings.backend_names(role) for role in settings.role_names}
    assert names == {"worker": ("codex", "claude"), "claude": ("claude",), "strict": ("codex", "gemini")}


def test_what_a_role_is_given_comes_from_its_table_and_outweighs_the_rest():
    settings = Settings.from_document(FULL)
    assert (settings.effort("worker", "codex"), settings.model("worker", "codex")) == ("high", "large")
    assert (settings.effort("worker", "claude"), settings.model("worker", "claude")) == ("max", "small")
    assert (settings.effort("strict", "codex"), settings.args("strict", "codex")) == ("", ("--slow",))
    assert settings.role("strict").env == {"A": "b"}
    assert [settings.dispatch_timeout(role) for role in settings.role_names] == [0.0, 100.0, 100.0]
    assert [settings.idle_timeout(role) for role in settings.role_names] == [10.0, 10.0, 5.0]


def test_roles_come_back_as_they_went():
    settings = Settings.from_document(FULL)
    assert read(Settings, write(settings)) == settings
    assert schema.find_problem("config", write(settings)) is None


def test_the_short_form_says_the_same_as_the_long_one():
    given = {"model": "m", "effort": "low", "args": ["-x"], "env": {"A": "b"}}
    short = Settings.from_document({"run": {"worker_backend": "claude"}, "worker": given, "reviewer": given})
    long = Settings.from_document({"roles": {"worker": {"backend": "claude", **given}, "reviewer": given}})
    for settings in (short, long):
        assert [settings.role(role).model for role in ROLES] == ["m", "m"]
        assert [settings.effort(role, "codex") for role in ROLES] == ["low", "low"]
        assert [settings.args(role, "codex") for role in ROLES] == [("-x",), ("-x",)]
        assert [settings.backend_names(role) for role in ROLES] == [("claude",), ("codex",)]


def test_a_short_table_may_name_its_backend_too():
    assert Settings.from_document({"reviewer": {"backend": "claude"}}).backend_names("reviewer") == ("claude",)


def test_a_document_of_an_older_loop_says_what_it_said():
    """Its settings stand in manifests, with both short tables and nothing of what came later."""
    role = {"model": "m", "args": [], "env": {}}
    older = {
        "run": {"worker_backend": "claude", "dispatch_timeout": 600.0},
        "worker": role,
        "reviewer": {**role, "model": ""},
    }
    settings = Settings.from_document(older)
    assert (settings.role("worker").model, settings.role("reviewer").model) == ("m", "")
    assert (settings.backend_names("worker"), settings.reviewers) == (("claude",), ("reviewer",))
    assert settings.dispatch_timeout("worker") == 600.0


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            {"worker": {"model": "a"}, "roles": {"worker": {"model": "b"}}},
            "config.toml $.worker: it should be left out beside [roles.worker]",
        ),
        (
            {"reviewer": {"model": "a"}, "roles": {"reviewer": {}}},
            "config.toml $.reviewer: it should be left out beside [roles.reviewer]",
        ),
        (
            {"run": {"worker_backend": "a"}, "roles": {"worker": {"backend": "b"}}},
            "config.toml $.run.worker_backend: it should be left out beside the backend of [roles.worker]",
        ),
        (
            {"run": {"reviewer_backend": "a"}, "reviewer": {"backend": "b"}},
            "config.toml $.run.reviewer_backend: it should be left out beside the backend of [roles.reviewer]",
        ),
        (
            {"run": {"reviewers": ["a"], "reviewer_backend": "b"}},
            "config.toml $.run.reviewer_backend: it should be left out beside reviewers",
        ),
        ({"run": {"reviewers": ["a", "b", "a"]}}, "config.toml $.run.reviewers: it names 'a' twice"),
        (
            {"run": {"reviewers": ["worker"]}},
            "config.toml $.run.reviewers[0]: it should be a reviewer's name: a role of [roles] or a backend, not 'worker'",
        ),
        ({"run": {"reviewers": [*"abcdefghij"]}}, "config.toml $.run.reviewers: it has more than 9 entries"),
        ({"run": {"reviewers": "a,b"}}, "config.toml $.run.reviewers: it should be a list, not 'a,b'"),
        ({"run": {"quorum": 10}}, "config.toml $.run.quorum: it should be at most 9, not 10"),
        ({"run": {"quorum": 2}}, "the quorum is 2, and of reviewers there are 1: reviewer"),
        (
            {"run": {"quorum": 3, "reviewers": ["a", "b"]}},
            "the quorum is 3, and of reviewers there are 2: a, b",
        ),
        ({"roles": {"worker": {"access": "read"}}}, "the access of worker is 'read', and it writes"),
        (
            {"run": {"reviewers": ["a", "b"]}, "roles": {"b": {"access": "write"}}},
            "the access of b is 'write', and it reads, as every reviewer does",
        ),
        (
            {"roles": {"../a": {}}},
            f"config.toml $.roles: {NAMED}, not '../a'",
        ),
        (
            {"roles": {"a": {"modle": "x"}}},
            "config.toml $.roles.a.modle: there is no such field, did you mean 'model'?",
        ),
        (
            {"roles": {"a": {"access": "all"}}},
            "config.toml $.roles.a.access: it should be 'read' or 'write', not 'all'",
        ),
        ({"roles": {"a": {"idle_timeout": -1}}}, "config.toml $.roles.a.idle_timeout: it should be at least 0, not -1"),
    ],
)
def test_what_contradicts_itself_is_refused_in_one_sentence(document: Any, sentence: str):
    assert refusal(document) == sentence


def test_a_role_that_nobody_has_may_say_what_it_likes():
    Settings.from_document({"roles": {"fixer": {"access": "write"}}}).check_roles()


def test_an_empty_short_table_says_nothing():
    settings = Settings.from_document({"worker": {}, "roles": {"worker": {"model": "b"}}})
    assert settings.role("worker").model == "b"


# What a later source says


def having(document: Any, **run: Any) -> Settings:
    return Settings.from_document(document).having(run, source="the command line")


def test_a_backend_for_the_reviewer_takes_the_list_back_and_a_list_takes_its_place():
    assert having(FULL, reviewer_backend="gemini").reviewers == ("reviewer",)
    assert having(FULL, reviewer_backend="gemini").backend_names("reviewer") == ("gemini",)
    assert having({"run": {"reviewer_backend": "gemini"}}, reviewers=["a", "b"]).reviewers == ("a", "b")
    assert having(FULL, reviewers=["codex"]).reviewers == ("codex",)
    assert having(FULL, max_rounds=9).reviewers == ("claude", "strict")


def test_people_instead_of_programs_are_one_reviewer():
    assert having(FULL, auto_dispatch=False).reviewers == ("reviewer",)
    assert having(FULL, auto_dispatch=True).reviewers == ("claude", "strict")


@pytest.mark.parametrize("form", ["roles", "short"])
def test_a_backend_of_a_later_source_outweighs_that_of_the_table_and_leaves_the_rest(form: str):
    table = {"worker": {"backend": "codex", "model": "m"}}
    settings = having({"roles": table} if form == "roles" else table, worker_backend="claude")
    assert (settings.backend_names("worker"), settings.role("worker").model) == (("claude",), "m")


def test_a_timeout_of_a_later_source_is_for_all_roles():
    settings = having(FULL, dispatch_timeout=7.0, idle_timeout=3.0)
    assert {settings.dispatch_timeout(role) for role in settings.role_names} == {7.0}
    assert {settings.idle_timeout(role) for role in settings.role_names} == {3.0}
    assert Settings.from_document(FULL).role("worker") == having(FULL, max_rounds=9).role("worker")


def test_a_source_that_contradicts_itself_is_named():
    with pytest.raises(ConfigError) as refused:
        having({}, reviewers=["a"], reviewer_backend="b")
    assert refused.value.message == "the command line $.run.reviewer_backend: it should be left out beside reviewers"


@pytest.mark.parametrize(
    ("people", "run", "left"),
    [
        (ROLES, {}, ROLES),
        (ROLES, {"reviewers": ["a", "b"]}, ("worker",)),
        (ROLES, {"worker_backend": "a"}, ("reviewer",)),
        (("worker",), {"auto_dispatch": False}, ROLES),
        (("worker",), {"auto_dispatch": False, "reviewers": ["a"]}, ("worker",)),
        (ROLES, {"auto_dispatch": True}, ()),
    ],
)
def test_who_is_named_is_a_program(people: tuple[str, ...], run: dict[str, Any], left: tuple[str, ...]):
    assert people_after(people, run) == left


def test_a_role_without_a_table_has_nothing_of_its_own():
    assert Settings().role("anybody") == RoleSettings()
