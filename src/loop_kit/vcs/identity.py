"""Who a person is to git: the name and the e-mail address that stand in their commits."""

import re
from collections.abc import Mapping

from loop_kit.values import replace
from loop_kit.values.wording import path_text
from loop_kit.vcs.repository import Repository

_VARIABLES = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL")
_IDENTITY = re.compile(r"(.*) <([^<>]*)> \d+ [+-]\d+", re.DOTALL)


def own_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return those variables of the person's environment that say who they are."""
    return {name: environment[name] for name in _VARIABLES if environment.get(name)}


def address(repository: Repository, environment: Mapping[str, str]) -> str:
    """Return the address under which this person would commit, "" when git knows none."""
    return _identity(repository, environment, "GIT_AUTHOR_IDENT")[1]


def variables(repository: Repository, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that identify this person where their git settings are not read, as far as git knows."""
    author = _identity(repository, environment, "GIT_AUTHOR_IDENT")
    committer = _identity(repository, environment, "GIT_COMMITTER_IDENT")
    return {name: value for name, value in zip(_VARIABLES[:4], (*author, *committer), strict=True) if value}


def _identity(repository: Repository, environment: Mapping[str, str], which: str) -> tuple[str, str]:
    git = replace(repository.git, variables={**repository.git.variables, **own_variables(environment)})
    answer = git.ask("var", which)
    found = _IDENTITY.fullmatch(path_text(answer.line)) if answer.code == 0 else None
    return (found[1], found[2]) if found else ("", "")


def authors(repository: Repository, base: str, head: str) -> frozenset[str]:
    """Return the addresses of those who wrote the commits of base..head."""
    lines = repository.git.out("rev-list", "--format=%ae", "--end-of-options", head, f"^{base}").splitlines()
    return frozenset(path_text(line) for line in lines[1::2])
