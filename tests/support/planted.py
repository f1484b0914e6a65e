"""A repository in which every program that git can be told to run leaves a mark."""

from pathlib import Path

from tests.support.repos import git

_HOOKS = ("pre-commit", "commit-msg", "post-commit", "post-checkout", "post-index-change", "reference-transaction")
_ALIASES = ("cat-file", "rev-parse", "merge-tree", "commit-tree", "update-ref", "reset")
_PROGRAMS = ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "diff.external", "gpg.program")
_SWITCHES = ("commit.gpgSign", "log.showSignature", "core.untrackedCache")


def plant(root: Path, *, filters: bool = True) -> Path:
    """Plant them all, and return where the mark will be.

    Without `filters` also those that a checkout and a status rightly run, because they may be the person's own.
    """
    mark, program = root.parent / "planted", root.parent / "plant"
    program.write_text(f"#!/bin/sh\necho \"$0\" >> '{mark}'\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    hooks = root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in _HOOKS:
        (hooks / hook).write_text(f"#!/bin/sh\necho {hook} >> '{mark}'\n", encoding="utf-8")
        (hooks / hook).chmod(0o755)
    settings = {
        **dict.fromkeys(_PROGRAMS, str(program)),
        **dict.fromkeys(_SWITCHES, "true"),
        **{f"alias.{name}": f"!{program}" for name in _ALIASES},
        "core.hooksPath": str(hooks),
        "diff.planted.textconv": str(program),
        "diff.planted.command": str(program),
    }
    if filters:
        settings |= {"filter.planted.clean": str(program), "filter.planted.smudge": str(program)}
    for name, value in settings.items():
        git(root, "config", name, value)
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "attributes").write_text("* diff=planted filter=planted\n", encoding="utf-8")
    mark.unlink(missing_ok=True)  # the settings were made by a git that believes them
    return mark
