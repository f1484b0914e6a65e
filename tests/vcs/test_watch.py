from pathlib import Path

import pytest

from loop_kit.model.change import Effect
from loop_kit.vcs import watch
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo


def hook(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return folder / name


def texts(found: Repository, before: dict[str, str]) -> list[str]:
    findings = watch.compare(before, watch.take(found, "T", 1))
    assert {finding.effect for finding in findings} <= {Effect.STOP}
    return [f"{finding.code}: {finding.text}" for finding in findings]


def test_ordinary_work_touches_nothing(tmp_path: Path):
    repo = make_repo(tmp_path)
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    commit(repo, {"a": "1"})
    git(repo, "branch", "other")
    git(repo, "tag", "v1")
    hook(repo / ".git" / "hooks", "pre-commit.sample")
    assert texts(found, before) == []


def test_a_hook_added_changed_removed_or_made_executable_is_named(tmp_path: Path):
    repo = make_repo(tmp_path)
    hooks = repo / ".git" / "hooks"
    for name in ("changed", "removed", "switched-on"):
        hook(hooks, name)
    (hooks / "switched-on").chmod(0o644)
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    hook(hooks, "added")
    (hooks / "changed").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "removed").unlink()
    (hooks / "switched-on").chmod(0o755)
    (text,) = texts(found, before)
    code, _, names = text.partition(": git hook touched during the round: ")
    assert code == "hooks_changed"
    assert names == "hooks/added added, hooks/changed changed, hooks/removed removed, hooks/switched-on changed"


def test_a_hook_reached_through_a_link_is_watched_too(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    script = hook(tmp_path / "elsewhere", "script")
    (repo / ".git" / "hooks").mkdir(exist_ok=True)
    (repo / ".git" / "hooks" / "pre-push").symlink_to(script)
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    script.write_text("#!/bin/sh\necho changed\n")
    assert texts(found, before) == ["hooks_changed: git hook touched during the round: hooks/pre-push changed"]


def test_hooks_that_the_person_keeps_elsewhere_are_watched_unless_git_tracks_them(tmp_path: Path):
    repo = make_repo(tmp_path, {".husky/tracked": "#!/bin/sh\n", ".gitignore": "ignored\n"})
    hook(repo / ".husky", "ignored")
    git(repo, "config", "core.hooksPath", ".husky")
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    (repo / ".husky" / "tracked").write_text("#!/bin/sh\nchanged\n")
    assert texts(found, before) == []
    (repo / ".husky" / "ignored").write_text("#!/bin/sh\nchanged\n")
    assert texts(found, before) == ["hooks_changed: git hook touched during the round: .husky/ignored changed"]


def test_a_setting_is_named_and_its_value_is_not_kept(tmp_path: Path):
    repo = make_repo(tmp_path)
    git(repo, "config", "remote.origin.url", "https://user:secret@example.invalid/x")
    for value in ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"):
        git(repo, "config", "--add", "remote.origin.fetch", value)
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    git(repo, "config", "filter.x.clean", "evil")
    git(repo, "config", "--unset", "user.email")
    git(repo, "config", "remote.origin.fetch", "+refs/pull/*:refs/pull/*", "heads")  # the first of two values
    (text,) = texts(found, before)
    code, _, names = text.partition(": git setting touched during the round: ")
    assert code == "config_changed"
    assert names == "filter.x.clean added, remote.origin.fetch changed, user.email removed"
    assert "secret" not in str(before)


def test_an_included_file_is_part_of_the_settings(tmp_path: Path):
    repo = make_repo(tmp_path)
    (repo / ".git" / "more").write_text("[core]\n\tpager = less\n")
    git(repo, "config", "include.path", "more")
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    (repo / ".git" / "more").write_text("[core]\n\tpager = evil\n")
    assert texts(found, before) == ["config_changed: git setting touched during the round: core.pager changed"]


def test_the_settings_of_a_linked_worktree_are_watched(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    git(repo, "config", "extensions.worktreeConfig", "true")
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"))
    found = Repository.find(tmp_path / "linked")
    before = watch.take(found, "T", 1)
    git(tmp_path / "linked", "config", "--worktree", "core.editor", "evil")
    assert texts(found, before) == ["config_changed: git setting touched during the round: core.editor added"]


def test_what_git_writes_for_siblings_is_no_tampering(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    git(tmp_path, "clone", "-q", str(repo), "clone")
    clone = tmp_path / "clone"
    found = Repository.find(clone)
    before = watch.take(found, "T", 1)
    git(clone, "branch", "-q", "--track", "side", "origin/main")
    git(clone, "worktree", "add", "-q", str(tmp_path / "linked"), "side")
    assert texts(found, before) == []
    git(clone, "config", "branch.main.remote", "https://elsewhere.invalid/x")
    assert texts(found, before) == ["config_changed: git setting touched during the round: branch.main.remote added"]


def test_attributes_outside_the_tree_are_watched(tmp_path: Path):
    repo = make_repo(tmp_path)
    found = Repository.find(repo)
    before = watch.take(found, "T", 1)
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "attributes").write_text("* -diff\n")
    assert texts(found, before) == ["config_changed: git file touched during the round: info/attributes added"]


def test_loop_s_own_refs_are_watched_for_one_place(tmp_path: Path):
    repo = make_repo(tmp_path)
    found = Repository.find(repo)
    head = found.head().sha
    for ref in ("refs/loop/T/r0/base", "refs/loop/T/r1/head"):
        found.pin(ref, head)
    before = watch.take(found, "T", 1)
    found.pin("refs/loop/U/r0/base", head)
    assert texts(found, before) == []
    git(repo, "update-ref", "-d", "refs/loop/T/r1/head")
    git(repo, "update-ref", "refs/loop/T/r2/head", head)
    git(repo, "update-ref", "refs/loop/T/r0/base", commit(repo, {"a": "1"}))
    (text,) = texts(found, before)
    code, _, names = text.partition(": ref of loop touched during the round: refs/loop/T/")
    assert code == "loop_refs_changed"
    assert names == "r0/base changed, refs/loop/T/r1/head removed, refs/loop/T/r2/head added"


def test_a_snapshot_of_everything_is_settings_and_refs(tmp_path: Path):
    found = Repository.find(make_repo(tmp_path))
    found.pin("refs/loop/T/r0/base", found.head().sha)
    pins = {"refs/loop/T/r0/base": found.head().sha}
    assert watch.refs(found, "T", 1) == pins
    assert watch.take(found, "T", 1) == watch.settings(found) | watch.named(pins)


def test_in_a_long_run_only_the_pins_are_watched_that_it_still_relies_on(tmp_path: Path):
    found = Repository.find(make_repo(tmp_path))
    head = found.head().sha
    for name in (
        "r0/run",
        "r1/head",
        "r9/unfinished-9",
        "r10/head",
        "r29/older/head-1",
        "r30/head",
        "r31/head",
        "r32/head",
    ):
        found.pin(f"refs/loop/T/{name}", head)
    watched = {ref.removeprefix("refs/loop/T/") for ref in watch.refs(found, "T", 30)}
    assert watched == {"r0/run", "r10/head", "r29/older/head-1", "r30/head", "r31/head"}


@pytest.mark.parametrize("count", [10, 12])
def test_many_names_are_counted(count: int):
    after = {f"config a.b{number:02}": "x" for number in range(count)}
    (finding,) = watch.compare({}, after)
    assert finding.text.endswith("a.b09 added" if count == 10 else "a.b09 added and 2 more")
