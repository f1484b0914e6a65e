"""What an agent can change outside the tree: files of git's own, what stands for history, and the person's global settings."""

from pathlib import Path

import pytest

from loop_kit.vcs import watch
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo
from tests.vcs.test_watch import hook, texts


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["info/exclude", "info/attributes"])
def test_a_file_of_git_s_own_that_hides_files_or_diffs_is_watched(tmp_path: Path, name: str):
    repo = make_repo(tmp_path)
    path = write(repo / ".git" / name, "# nothing\n")
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    write(path, "secret.txt\n")
    assert texts(found, before) == [f"config_changed: git file touched during the round: {name} changed"]


@pytest.mark.parametrize("name", ["info/grafts", "objects/info/alternates", "shallow"])
def test_a_file_that_makes_git_show_another_history_is_watched(tmp_path: Path, name: str):
    repo = make_repo(tmp_path / "repo")
    make_repo(tmp_path / "other", {"b": "1"})
    head = git(repo, "rev-parse", "HEAD")
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    content = str(tmp_path / "other/.git/objects") if "alternates" in name else head
    write(repo / ".git" / name, f"{content}\n")
    assert texts(found, before) == [f"history_changed: history of git touched during the round: {name} added"]


def test_a_commit_that_is_replaced_by_another_is_named(tmp_path: Path):
    repo = make_repo(tmp_path)
    first = git(repo, "rev-parse", "HEAD")
    second = commit(repo, {"a": "1"})
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    assert watch.compare(watch.settings(found), watch.settings(found)) == []
    git(repo, "replace", second, first)
    assert texts(found, before) == [
        f"history_changed: history of git touched during the round: refs/replace/{second} added"
    ]
    assert watch.settings(found) != {name: value for name, value in before.items() if not name.startswith("ref ")}


def test_a_setting_of_the_person_s_own_file_is_watched_by_name(tmp_path: Path, isolation: Path):
    found = Repository.find(make_repo(tmp_path))
    before = watch.take(found, "T", 1)
    git(tmp_path, "config", "--global", "alias.x", "!evil")
    try:
        assert texts(found, before) == ["config_changed: git setting touched during the round: alias.x (global) added"]
    finally:
        git(tmp_path, "config", "--global", "--unset", "alias.x")
    for noise in ("maintenance.repo", "gui.recentrepo"):
        git(tmp_path, "config", "--global", noise, "/somewhere")
    try:
        assert texts(found, before) == []
    finally:
        for noise in ("maintenance.repo", "gui.recentrepo"):
            git(tmp_path, "config", "--global", "--unset", noise)


@pytest.mark.parametrize(
    ("variable", "name"), [("HOME", ".gitconfig"), ("XDG_CONFIG_HOME", "git/config"), ("GIT_CONFIG_GLOBAL", "")]
)
def test_global_settings_are_looked_for_where_the_agent_s_own_git_does(
    tmp_path: Path, variable: str, name: str, monkeypatch: pytest.MonkeyPatch
):
    found = Repository.find(make_repo(tmp_path / "repo"))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    elsewhere = tmp_path / "elsewhere"
    homes = ({variable: str(elsewhere)},)
    before = watch.take(found, "T", 1, homes)
    write(elsewhere / name if name else elsewhere, "[core]\n\tfsmonitor = evil\n")
    findings = watch.compare(before, watch.take(found, "T", 1, homes))
    assert [finding.text for finding in findings] == [
        "git setting touched during the round: core.fsmonitor (global of an agent) added"
    ]


@pytest.mark.parametrize("setting", ["core.excludesFile", "core.attributesFile"])
def test_a_file_that_a_setting_points_at_is_watched(tmp_path: Path, setting: str):
    repo = make_repo(tmp_path / "repo")
    pointed = write(tmp_path / "mine", "")
    git(repo, "config", setting, str(pointed))
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    pointed.write_text("* -diff\n")
    assert texts(found, before) == [f"config_changed: git file touched during the round: {pointed} changed"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("core.fsmonitor", "{}"),
        ("core.sshCommand", "{} -v"),
        ("credential.helper", "!sh '{}' get"),
        ("filter.x.clean", "{} %f"),
        ("diff.external", "~/mine"),
    ],
)
def test_a_program_that_a_setting_names_is_watched_unless_git_tracks_it(
    tmp_path: Path, setting: str, value: str, monkeypatch: pytest.MonkeyPatch
):
    repo = make_repo(tmp_path / "repo", {"tools/x.sh": "1\n"})
    script = write(tmp_path / "mine", "#!/bin/sh\n")
    git(repo, "config", setting, value.format(script))
    git(repo, "config", "filter.y.clean", "tools/x.sh")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    (repo / "tools/x.sh").write_text("2\n")
    assert texts(found, before) == []
    script.write_text("#!/bin/sh\nevil\n")
    assert texts(found, before) == [f"config_changed: git file touched during the round: {script} changed"]


def test_a_setting_that_is_no_command_line_names_nothing(tmp_path: Path):
    repo = make_repo(tmp_path)
    for value in ("it's/ odd", "~nobody-at-all/x", "/", "https://example.invalid/x"):
        git(repo, "config", "core.editor", value)
        watch.take(Repository.find(repo), "T", 1)


def test_a_file_that_git_itself_writes_for_a_setting_is_not_watched(tmp_path: Path):
    repo = make_repo(tmp_path)
    git(repo, "config", "trace2.normalTarget", str(tmp_path / "log"))
    git(repo, "config", "credential.helper", f"store --file {tmp_path / 'kept'}")
    for name in ("log", "kept"):
        write(tmp_path / name, "1\n")
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    for name in ("log", "kept"):
        write(tmp_path / name, "2\n")
    assert texts(found, before) == []


def test_the_hooks_of_a_global_setting_are_watched(tmp_path: Path, isolation: Path):
    repo = make_repo(tmp_path / "repo")
    git(repo, "config", "--global", "core.hooksPath", str(tmp_path / "hooks"))
    try:
        found = Repository.find(repo)
        before = watch.take(found, "T", 1)
        hook(tmp_path / "hooks", "pre-commit")
        assert texts(found, before) == [
            f"hooks_changed: git hook touched during the round: {tmp_path}/hooks/pre-commit added"
        ]
    finally:
        git(repo, "config", "--global", "--unset", "core.hooksPath")


def test_the_settings_of_the_main_tree_are_watched_from_a_linked_one(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    git(repo, "config", "extensions.worktreeConfig", "true")
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"))
    found = Repository.find(tmp_path / "linked")
    before = watch.take(found, "T", 1)
    git(repo, "config", "--worktree", "core.editor", "evil")
    assert texts(found, before) == ["config_changed: git file touched during the round: config.worktree added"]


def test_what_an_older_loop_watched_is_known_as_less(tmp_path: Path):
    found = Repository.find(make_repo(tmp_path))
    now = watch.settings(found)
    assert not watch.is_older(now)
    assert watch.is_older({name: digest for name, digest in now.items() if name.startswith(("hook ", "config user."))})
