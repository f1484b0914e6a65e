"""The settings that a run's tree takes over from the person's repository, and those that it gets from loop.

What is carried is a list: whatever is not in it stays behind, above all hooks, credentials, remotes and aliases. Carried
is what is in force in the person's tree, wherever it was set: an identity often comes from `includeIf "gitdir:…"`, which
does not hold where the run's tree lies. What git finds there anyway is not written a second time.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias

from loop_kit.vcs.git import zero_separated

QUESTION = ("config", "--list", "--show-scope", "--includes", "-z")

# As git lists them: section and last part in lower case. `*` stands for any part, dots included.
_CARRIED = (
    *("user.*", "author.*", "committer.*", "gpg.*", "commit.*", "tag.gpgsign", "tag.forcesignannotated"),
    *("core.autocrlf", "core.eol", "core.safecrlf", "core.checkroundtripencoding", "core.whitespace", "i18n.*"),
    *("core.filemode", "core.symlinks", "core.ignorecase", "core.precomposeunicode", "core.longpaths"),
    *("core.protecthfs", "core.protectntfs", "core.bigfilethreshold", "core.excludesfile", "core.attributesfile"),
    *("core.sparsecheckout", "core.sparsecheckoutcone", "extensions.partialclone"),
    *("filter.*", "diff.*.*", "merge.*", "submodule.*", "transcrypt.*"),
)
_OF_A_PROMISOR = ("url", "fetch", "promisor", "partialclonefilter", "tagopt")
# What a file system cannot do is found out where the tree is made, and no setting changes it.
_UNABLE = {"core.filemode": False, "core.symlinks": False, "core.ignorecase": True}
_SEVERAL_VALUES = ("submodule.active",)
_OWN = frozenset({"local", "worktree"})
_TRUE = frozenset({None, b"true", b"yes", b"on", b"1"})

# For git-lfs: what its store lacks is asked of an address where nothing is, and stays a pointer.
NO_DOWNLOAD = (("lfs.url", "file:///dev/null"), ("lfs.skipdownloaderrors", "true"))
# git tells this as the name of the repository that it cannot push to; the slash keeps it from looking like a host.
_NO_PUSH = "a run's tree does not push, loop accept takes its change over/"
_NO_HOOKS = b".git/hooks"  # a folder that is not there

# A value is None where a name stands alone, which means "true".
Setting: TypeAlias = tuple[str, bytes | None]
# Name -> scope and value of each time that it is set; the last one counts.
Settings: TypeAlias = Mapping[str, Sequence[tuple[str, bytes | None]]]


def read(listed: bytes) -> Settings:
    """Return what git answers to `QUESTION`, but for what loop itself tells it."""
    found: dict[str, list[tuple[str, bytes | None]]] = {}
    fields = iter(zero_separated(listed))
    for scope, setting in zip(fields, fields, strict=True):
        name, given, value = setting.partition(b"\n")
        if scope != b"command":
            found.setdefault(os.fsdecode(name), []).append((os.fsdecode(scope), value if given else None))
    return found


def promisors(settings: Settings) -> list[str]:
    """Return the remotes that objects may be missing for, because they have them."""
    names = (name.removeprefix("remote.").removesuffix(".promisor") for name in settings if name.endswith(".promisor"))
    return [name for name in names if _last(settings, f"remote.{name}.promisor") in _TRUE]


def for_tree(there: Settings, here: Settings, root: Path) -> list[Setting]:
    """Return what has to be written into the config of a tree where `here` is in force.

    `there` is in force in the person's tree, whose files are in `root`.
    """
    return [*_carried(there, here), *_from_promisors(there, root), *_of_loop(there)]


def _carried(there: Settings, here: Settings) -> Iterator[Setting]:
    for name, entries in there.items():
        if not any(fnmatchcase(name, pattern) for pattern in _CARRIED):
            continue
        probed = [value in _TRUE for scope, value in here.get(name, ()) if scope in _OWN]
        if probed and name in _UNABLE and probed[-1] is _UNABLE[name]:
            continue
        found = [value for scope, value in here.get(name, ()) if scope not in _OWN]
        wanted = [value for _, value in entries]
        if name in _SEVERAL_VALUES and wanted != found:
            yield from ((name, value) for value in wanted)
        elif not found or found[-1] != wanted[-1]:
            yield name, wanted[-1]


def _from_promisors(settings: Settings, root: Path) -> Iterator[Setting]:
    names = promisors(settings)
    for name in names:
        for key in _OF_A_PROMISOR:
            for _, value in settings.get(f"remote.{name}.{key}", ()):
                yield f"remote.{name}.{key}", _absolute(value, root) if key == "url" and value else value
    if names:
        yield "core.repositoryformatversion", b"1"
        for name, entries in settings.items():
            if fnmatchcase(name, "url.*.insteadof"):
                yield from ((name, value) for scope, value in entries if scope in _OWN)
    else:
        yield "credential.helper", b""  # which takes back those that a person has everywhere: nothing is fetched


def _absolute(url: bytes, root: Path) -> bytes:
    """Return the address of a remote, which may be a path that begins where the person's tree is."""
    here = b":" not in url.partition(b"/")[0]
    return os.path.normpath(os.fsencode(root) + b"/" + url) if here and not url.startswith(b"/") else url


def _of_loop(settings: Settings) -> Iterator[Setting]:
    yield from (("gc.auto", b"0"), ("maintenance.auto", b"false"))
    yield from (("gc.reflogexpire", b"never"), ("gc.reflogexpireunreachable", b"never"))
    yield from ((name, value.encode()) for name, value in NO_DOWNLOAD)
    yield f"url.{_NO_PUSH}.pushinsteadof", b""  # what every address begins with
    if any(scope not in _OWN for scope, _ in settings.get("core.hookspath", ())):
        yield "core.hookspath", _NO_HOOKS


def _last(settings: Settings, name: str) -> bytes | None:
    return settings[name][-1][1]


def as_text(settings: Iterable[Setting]) -> bytes:
    """Return settings as they stand in a config file."""
    return b"".join(_lines(name, value) for name, value in settings)


def _lines(name: str, value: bytes | None) -> bytes:
    section, _, rest = name.partition(".")
    subsection, dot, key = rest.rpartition(".")
    header = f'[{section} "{_escaped(subsection)}"]' if dot else f"[{section}]"
    given = b"" if value is None else b' = "' + _escaped_value(value) + b'"'
    return os.fsencode(f"{header}\n\t{key}") + given + b"\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _escaped_value(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n").replace(b"\t", b"\\t")
