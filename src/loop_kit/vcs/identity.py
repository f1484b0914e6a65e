"""Who a person is to git: the e-mail address that stands in their commits."""

import re
from collections.abc import Mapping
from dataclasses import replace

from loop_kit.vcs.git import path_text
from loop_kit.vcs.repository import Repository

_VARIABLES = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL")
_ADDRESS = re.compile(r"<([^<>]*)> \d+ [+-]\d+")


def own_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return those variables of the person's environment that say who they are."""
    return {name: environment[name] for name in _VARIABLES if environment.get(name)}


def address(repository: Repository, environment: Mapping[str, str]) -> str:
    """Return the address under which this person would commit, "" when git knows none."""
    git = replace(repository.git, variables={**repository.git.variables, **own_variables(environment)})
    answer = git.ask("var", "GIT_AUTHOR_IDENT")
    found = _ADDRESS.search(path_text(answer.line)) if answer.code == 0 else None
    return found[1] if found else ""


def authors(repository: Repository, base: str, head: str) -> frozenset[str]:
    """Return the addresses of those who wrote the commits of base..head."""
    lines = repository.git.out("rev-list", "--format=%ae", "--end-of-options", head, f"^{base}").splitlines()
    return frozenset(path_text(line) for line in lines[1::2])
