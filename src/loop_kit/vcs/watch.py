"""What no worker should touch: hooks, git's settings and files, what rewrites history for git, and loop's own refs.

Digests are taken before an agent runs and compared after. Values are never kept: a config may contain secrets.
"""

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from loop_kit.model.change import Finding
from loop_kit.model.state import KEPT_ROWS
from loop_kit.values import dataclass, replace
from loop_kit.values.wording import path_text
from loop_kit.vcs.findings import listed, stop
from loop_kit.vcs.git import Git, zero_separated
from loop_kit.vcs.refs import log_ref, read_refs, refs_question
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.watched_files import digest, hooks_below, pointed_at, standing_files

# What git and git-lfs write by themselves, also in a sibling worktree; none of it starts a program.
_WRITTEN_BY_GIT = (
    *("branch.*.merge", "branch.*.rebase", "branch.*.description"),
    "submodule.*.url",
    "submodule.*.active",
    "lfs.repositoryformatversion",
    "lfs.*.access",
)
_WRITTEN_BY_GIT_FOR_ALL = ("maintenance.repo", "scalar.repo", "gui.recentrepo")  # the same in a person's own file
_OWN_SCOPES = frozenset({b"local", b"worktree"})
_SETTINGS = ("config", "--list", "--show-scope", "-z", "--includes")
_REPLACED = "refs/replace/"
_CODES = {
    "hook": "hooks_changed",
    "config": "config_changed",
    "file": "config_changed",
    "history": "history_changed",
    "ref": "loop_refs_changed",
}
_NAMES_IN_TEXT = 10
_NOUNS = {
    "hook": "git hook",
    "config": "git setting",
    "file": "git file",
    "history": "history of git",
    "ref": "ref of loop",
}
# The version of what is watched; an older loop watched less.
_FORM = {"form": "2"}

Homes: TypeAlias = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting; `where` is "" for the repository's own, else its scope: `global`, `system`."""

    name: bytes
    where: str

    def __str__(self) -> str:
        return path_text(self.name) + (f" ({self.where})" if self.where else "")


def take(repository: Repository, run_name: str, round_number: int, homes: Homes = ()) -> dict[str, str]:
    """Return name -> digest of everything watched; names begin with a key of `_CODES` and a space.

    `homes` are the variables that make an agent's git find other global settings than loop's.
    """
    listed, refs = repository.git.outs(_SETTINGS, refs_question(_REPLACED, *_relied_on(run_name, round_number)))
    found = read_refs(refs)
    pins = {ref: sha for ref, sha in found.items() if not ref.startswith(_REPLACED)}
    return _watched(repository, listed, homes) | _replaced(found) | named(pins)


def settings(repository: Repository, homes: Homes = ()) -> dict[str, str]:
    """Return what is watched, without the refs that loop itself adds to."""
    return settings_and_refs(repository, (), homes)[0]


def settings_and_refs(
    repository: Repository, prefixes: Sequence[str], homes: Homes = ()
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the same, and the refs below `prefixes`, in one git call."""
    listed, refs = repository.git.outs(_SETTINGS, refs_question(_REPLACED, *prefixes))
    found = read_refs(refs)
    return _watched(repository, listed, homes) | _replaced(found), found


def is_older(watched: Mapping[str, str]) -> bool:
    """Whether an older loop took these digests: it watched less, so they cannot be compared."""
    return not _FORM.items() <= watched.items()


def touched_filters(git: Git, before: Mapping[str, str]) -> tuple[str, ...]:
    """Return the filter settings that changed: git status in a working tree would run the programs they name.

    They are read in that tree, because a setting may apply to one tree only.
    """
    touched = (
        setting.name
        for setting, values in _by_setting(git.out(*_SETTINGS)).items()
        if setting.name.startswith(b"filter.") and digest(values) != before.get(f"config {setting}")
    )
    return tuple(dict.fromkeys(map(os.fsdecode, touched)))


def _watched(repository: Repository, listed: bytes, homes: Homes) -> dict[str, str]:
    in_force = {path_text(setting.name): value for setting, value in _entries(listed)}
    values = {
        setting: value for setting, value in _by_setting(listed).items() if not _is_noise(setting, value, in_force)
    }
    for home in homes:
        values |= _elsewhere(repository, home)
    watched = _FORM | {f"config {setting}": digest(value) for setting, value in values.items()}
    for folder in dict.fromkeys((repository.common_dir / "hooks", *pointed_at(repository, in_force, "core.hookspath"))):
        watched |= {f"hook {name}": found for name, found in hooks_below(folder, repository)}
    return watched | standing_files(repository, in_force)


def _replaced(refs: Mapping[str, str]) -> dict[str, str]:
    return {f"history {ref}": sha for ref, sha in refs.items() if ref.startswith(_REPLACED)}


def refs(repository: Repository, run_name: str, round_number: int) -> dict[str, str]:
    """Return the pins, ref -> commit, that a run relies on in that round."""
    return repository.refs(*_relied_on(run_name, round_number))


def _relied_on(run_name: str, round_number: int) -> tuple[str, ...]:
    """Return where these pins are: of the log, the run's start, the rounds in its state, and the next round.

    Git reads a file for each ref, and a long run has thousands. Pins of older rounds are not needed any more: their heads are
    in the history of what is pinned here.
    """
    rounds = (0, *range(max(1, round_number - KEPT_ROWS), round_number + 2))
    return (log_ref(run_name), *(f"refs/loop/{run_name}/r{number}/" for number in rounds))


def named(pins: Mapping[str, str]) -> dict[str, str]:
    """Return pins, ref -> commit, in the form of `take`."""
    return {f"ref {ref}": sha for ref, sha in pins.items()}


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> list[Finding]:
    """Return one finding for each kind of thing that changed, with the names of what did."""
    kinds: dict[str, list[str]] = {}
    for name in sorted({*before, *after}):
        kind, _, what = name.partition(" ")
        if before.get(name) != after.get(name) and kind in _CODES:
            done = "added" if name not in before else "removed" if name not in after else "changed"
            kinds.setdefault(kind, []).append(f"{what} {done}")
    return [
        stop(_CODES[kind], f"{_NOUNS[kind]} touched during the round: {listed(names, _NAMES_IN_TEXT)}")
        for kind, names in kinds.items()
    ]


def _entries(listed: bytes, label: str = "") -> list[tuple[_Setting, bytes]]:
    """Return every setting that git listed with its value, except those that loop itself set."""
    fields = iter(zero_separated(listed))
    found = ((scope, setting.partition(b"\n")) for scope, setting in zip(fields, fields, strict=True))
    return [
        (_Setting(name, "" if scope in _OWN_SCOPES else f"{path_text(scope)}{label}"), value)
        for scope, (name, _, value) in found
        if scope != b"command"
    ]


def _by_setting(listed: bytes, label: str = "") -> dict[_Setting, bytes]:
    """Return all values of each setting."""
    values: dict[_Setting, bytes] = {}
    for setting, value in _entries(listed, label):
        values[setting] = values.get(setting, b"") + value + b"\0"
    return values


def _elsewhere(repository: Repository, home: Mapping[str, str]) -> dict[_Setting, bytes]:
    """Return the settings that an agent's git finds outside the repository."""
    git = replace(repository.git, variables={**repository.git.variables, **home})
    found = _by_setting(git.out(*_SETTINGS), " of an agent")
    return {setting: value for setting, value in found.items() if setting.where and not _is_noise(setting, value, {})}


def _is_noise(setting: _Setting, value: bytes, in_force: Mapping[str, bytes]) -> bool:
    name = path_text(setting.name)
    if setting.where:
        return name in _WRITTEN_BY_GIT_FOR_ALL
    if fnmatchcase(name, "branch.*.remote"):  # git writes a known remote here, or "."; an address would redirect a push
        return value == b".\0" or f"remote.{path_text(value[:-1])}.url" in in_force
    return any(fnmatchcase(name, noise) for noise in _WRITTEN_BY_GIT) or _is_of_an_editor(name)


def _is_of_an_editor(name: str) -> bool:
    """Whether an editor or a forge's tool wrote it: git's own settings in these sections have no dash."""
    section, _, last = name.rpartition(".")
    return "-" in last and section.startswith(("branch.", "remote."))
