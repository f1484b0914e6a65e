from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_kit.vcs import carried_settings
from loop_kit.vcs.git import Git
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo
from tests.vcs.run_trees import make


def carried(found: Repository, folder: Path, name: str) -> list[str]:
    make(found, folder)
    return git(folder, "config", "--local", "--get-all", name, ok=(0, 1)).splitlines()


@pytest.mark.parametrize(
    "name",
    [
        *("user.name", "user.signingKey", "author.email", "committer.name", "gpg.format", "gpg.ssh.program"),
        *("commit.gpgSign", "commit.cleanup", "tag.gpgSign", "core.eol", "core.safecrlf", "core.whitespace"),
        *("core.longpaths", "core.excludesFile", "core.attributesFile", "core.precomposeUnicode"),
        *(
            "filter.Any.Name.clean",
            "filter.x.process",
            "diff.word.textconv",
            "merge.ours.driver",
            "merge.conflictStyle",
        ),
        *("submodule.recurse", "submodule.A b.active", "i18n.commitEncoding"),
    ],
)
def test_what_shows_in_files_and_commits_is_carried(found: Repository, folder: Path, name: str):
    git(found.root, "config", name, "true")
    assert carried(found, folder, name) == ["true"]


@pytest.mark.parametrize(
    "name",
    [
        *("core.hooksPath", "core.fsmonitor", "core.sshCommand", "core.editor", "core.pager", "core.askPass"),
        *("core.alternateRefsCommand", "core.gitProxy", "credential.https://x.example.helper", "http.extraHeader"),
        *("alias.x", "remote.origin.url", "remote.origin.uploadpack", "url.x.insteadOf", "branch.main.remote"),
        *("uploadpack.packObjectsHook", "diff.external", "include.path", "lfs.url", "lfs.storage", "gc.auto"),
    ],
)
def test_what_runs_programs_or_leads_elsewhere_is_not(found: Repository, folder: Path, name: str):
    git(found.root, "config", name, "false")
    assert "false" not in carried(found, folder, name)


def test_credentials_of_a_person_are_not_in_force(
    found: Repository, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "own").write_text(f"[credential]\n\thelper = \"!touch '{tmp_path}/asked'; echo password=x\"\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "own"))
    make(found, folder)
    asked = b"protocol=https\nhost=x.example\nusername=y\n\n"
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    git(folder, "credential", "fill", input=asked, ok=(128,))
    assert not (tmp_path / "asked").exists()
    assert "password=x" in git(found.root, "credential", "fill", input=asked)


def test_an_identity_that_depends_on_where_a_repository_lies_is_carried(
    found: Repository, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    git(found.root, "config", "--unset", "user.name")
    git(found.root, "config", "--unset", "user.email")
    (tmp_path / "at-work").write_text("[user]\n\tname = At Work\n")
    (tmp_path / "own").write_text(
        "[user]\n\tname = At Home\n\temail = me@example.invalid\n"
        f'[includeIf "gitdir:{found.root}/"]\n\tpath = {tmp_path}/at-work\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "own"))
    make(found, folder)
    assert git(folder, "config", "user.name") == "At Work"
    assert git(folder, "config", "--show-scope", "user.email") == "global\tme@example.invalid", "it is there anyway"


def test_settings_of_one_working_tree_and_included_ones_are_carried(found: Repository, folder: Path, tmp_path: Path):
    (tmp_path / "more").write_text("[core]\n\teol = crlf\n")
    git(found.root, "config", "include.path", str(tmp_path / "more"))
    git(found.root, "config", "extensions.worktreeConfig", "true")
    git(found.root, "config", "--worktree", "user.name", "In This Tree")
    make(found, folder)
    assert git(folder, "config", "user.name") == "In This Tree"
    assert git(folder, "config", "core.eol") == "crlf"
    assert git(folder, "config", "extensions.worktreeConfig", ok=(1,)) == ""


def test_line_endings_are_as_in_the_persons_tree(found: Repository, folder: Path):
    git(found.root, "config", "core.autocrlf", "true")
    make(found, folder)
    assert (folder / "a").read_bytes() == b"1\r\n"
    assert git(folder, "status", "--porcelain") == ""


def test_modes_that_a_person_lets_git_ignore_are_ignored(found: Repository, folder: Path):
    git(found.root, "config", "core.fileMode", "false")
    make(found, folder)
    (folder / "a").chmod(0o755)
    assert git(folder, "status", "--porcelain") == ""


def test_links_that_a_person_has_as_files_are_files(found: Repository, folder: Path):
    (found.root / "link").symlink_to("a")
    commit(found.root, {})
    git(found.root, "config", "core.symlinks", "false")
    make(found, folder)
    assert not (folder / "link").is_symlink()
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("name", "there", "probed", "wanted"),
    [
        ("core.filemode", b"true", b"false", []),
        ("core.filemode", b"false", b"true", [("core.filemode", b"false")]),
        ("core.symlinks", None, b"false", []),
        ("core.ignorecase", b"false", b"true", []),
        ("core.ignorecase", b"true", b"false", [("core.ignorecase", b"true")]),
    ],
)
def test_what_the_file_system_of_the_tree_cannot_do_is_not_claimed(
    name: str, there: bytes | None, probed: bytes, wanted: list[carried_settings.Setting]
):
    written = carried_settings.for_tree({name: [("local", there)]}, {name: [("local", probed)]}, Path("/repo"))
    assert [setting for setting in written if setting[0] == name] == wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("../origin", "/home/origin"),
        ("sub/x:y", "/home/repo/sub/x:y"),
        ("/srv/x", "/srv/x"),
        ("file:///srv/x", "file:///srv/x"),
        ("https://x.example/y", "https://x.example/y"),
        ("git@x.example:y/z", "git@x.example:y/z"),
    ],
)
def test_the_address_of_a_promisor_means_the_same(url: str, wanted: str):
    settings = {"remote.o.promisor": [("local", b"true")], "remote.o.url": [("local", url.encode())]}
    written = carried_settings.for_tree(settings, {}, Path("/home/repo"))
    assert [value for name, value in written if name == "remote.o.url"] == [wanted.encode()]


def test_a_remote_that_is_no_promisor_stays_behind_beside_one_that_is():
    names = ("remote.a.promisor", "remote.b.promisor", "remote.b.url", "remote.c.url")
    settings = {name: [("local", b"false" if name == names[0] else None)] for name in names}
    assert carried_settings.promisors(settings) == ["b"]
    written = [name for name, _ in carried_settings.for_tree(settings, {}, Path("/"))]
    assert [name for name in written if name.startswith("remote.")] == [
        *("remote.b.url", "remote.b.promisor"),
    ]


NAMES = st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), min_size=1)
VALUES = st.none() | st.binary().filter(lambda value: b"\0" not in value)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_settings_are_written_as_git_reads_them(pairs: list[tuple[str, bytes | None]]):
    settings = [(f"filter.{name}.clean", value) for name, value in pairs]
    text = carried_settings.as_text(settings)
    listed = Git(Path("/")).out("config", "--file", "-", "--list", "-z", stdin=text or b"\n")
    wanted = b"".join(name.encode() + (b"" if value is None else b"\n" + value) + b"\0" for name, value in settings)
    assert listed == wanted


def test_a_setting_is_read_with_each_of_its_values(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    with (repo / ".git/config").open("a") as file:
        file.write("[x]\n\ty = 1\n\ty = 2 \n\tz\n\tw =\n")
    listed = Git(repo).out(*carried_settings.QUESTION)
    found = {name: entries for name, entries in carried_settings.read(listed).items() if name.startswith("x.")}
    assert found == {
        "x.y": [("local", b"1"), ("local", b"2")],
        "x.z": [("local", None)],
        "x.w": [("local", b"")],
    }
    assert "core.pager" not in carried_settings.read(listed), "that is what loop tells git"
