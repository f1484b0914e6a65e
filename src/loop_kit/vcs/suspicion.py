"""What a reviewer should look at twice: weakened tests, and files that judge the work.

This proves nothing: a test may be removed for a good reason. It is reported so that it does not go unnoticed.
"""

import re
from collections.abc import Iterable, Iterator

from loop_kit.model.change import Effect, FileChange, Finding
from loop_kit.values import dataclass
from loop_kit.values.wording import path_text
from loop_kit.vcs.diff import patch_lines
from loop_kit.vcs.findings import about
from loop_kit.vcs.git import Git
from loop_kit.vcs.quoting import unquoted

_MOST_PATCH = 16 * 1024 * 1024
# Paths of tests, by the conventions of many languages. Both could be gitignore patterns, but are needed in every round, and
# importing a library for such patterns takes longer than the rest of the verification.
_TESTS = re.compile(
    r"""
    (?: .*/ )?
    (?: (?: tests? | specs? | __tests__ ) / .+
      | (?: [Tt]est_[^/]*\.[^/]*
          | [^/]* (?: _tests? | \.test | [._]spec | Tests? | Spec ) \.[^/]*
          | [^/]* (?: _SUITE\.erl | \.bats | \.t )
          | conftest\.py
        ) (?: /.+ )?
    )
    """,
    re.VERBOSE | re.DOTALL,
)
# Paths of what judges changes: instructions to agents and their settings, attributes that hide diffs, hooks that run on a
# checkout or a commit, CI. Case is ignored, as some file systems do.
_JUDGES = re.compile(
    r"""
    (?: (?: .*/ )?
        (?: (?: AGENTS? (?: \.override )? | CLAUDE (?: \.local )? | GEMINI | QWEN | CRUSH ) \.md
          | \.git (?: attributes | modules )
          | \.mcp\.json | opencode\.jsonc? | \.?crush\.json | \.goosehints | \.roomodes | \.aider\.[^/]+
          | \. (?: cursor | windsurf | roo ) rules | \.clinerules
          | \. (?: gemini | cursor | aider | cline | roo | codeium ) ignore | \.aiexclude
          | \.envrc | \.?mise\.toml | \.?lefthook (?: -local )? \. (?: ya?ml | toml | json )
          | \.loop | \.husky | \.devcontainer
          | \. (?: claude | codex | gemini | opencode | cursor | qwen | vibe | agents | pi | crush | continue )
          | \. (?: windsurf | cline | roo | kilocode | kiro | augment | amp | amazonq | junie | copilot )
          | \.github/ (?: copilot-[^/]+ | instructions | prompts | agents | hooks | skills )
          | \.vscode/ (?: mcp | settings | tasks ) \.json
        )
      | \.woodpecker[^/]* | Jenkinsfile | azure-pipelines\.y[^/]*ml | bitbucket-pipelines\.yml
      | (?: \.gitlab-ci | \.travis | \.drone | \.cirrus | appveyor ) \.yml | \.pre-commit-config\.yaml
    ) (?: /.+ )?
    | (?: docs/roles | \.github/ (?: workflows | actions ) | \.ci | \.circleci | \.buildkite ) / .+
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
# Characters that some file systems ignore when they compare names.
_LEFT_OUT = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
# What an added line says when it turns a test off, or turns the others off (`only`); compiled when a test was touched.
_SWITCHED_OFF = rb"""(?ix)
      @ (?:\w+\.)* (?:skip|skipif|skipunless|xfail|ignore|disabled|disabledif|pending) \b
    | \b (?:pytest|unittest|self|t|b|ctx) \. (?:skip|skiptest|skipnow|skipf|xfail|importorskip) \s* \(
    | \b pytestmark \s* = .* \b (?:skip|skipif|xfail) \b
    | \b (?:it|test|describe|context|suite|specify) (?:\.\w+)* \. (?:skip|only|todo|failing|fixme) \b
    | (?<![.\w]) (?:xit|xtest|xdescribe|xcontext|xspecify|fit|fdescribe|fcontext) \s* \(? \s* ["'`]
    | \# \s* \[ \s* ignore \b
    | \[ \s* ignore \s* [\](]
    | \b skip \s* = \s* (?:"|true|')
    | \b (?:gtest_skip|disabled_)
    | (?:^ \+ \s* | \s :) (?:skip|pending) \b (?! \s* [=.:])
    """


@dataclass(slots=True)
class _Tally:
    """What the patch does to one test file; `name` is its path afterwards, or before it was deleted."""

    name: str
    deleted: bool = False
    added: int = 0
    removed: int = 0
    marked: bool = False


def weakened_tests(git: Git, base: str, head: str, files: Iterable[FileChange]) -> tuple[Finding, ...]:
    """Return what happened to tests that existed at `base`; git is asked only when some were changed."""
    touched = [change for change in files if _TESTS.fullmatch(change.path)]
    if not touched:
        return ()
    lines = patch_lines(git, base, head, [change.path for change in touched], _MOST_PATCH)
    tallies = [tally for tally in _tallies(lines) if _TESTS.fullmatch(tally.name)]
    suspicions = (
        ("deleted", [tally.name for tally in tallies if tally.deleted]),
        ("switched off, or others switched off by `only`", [tally.name for tally in tallies if tally.marked]),
        ("shorter than before", [tally.name for tally in tallies if tally.removed > tally.added and not tally.deleted]),
    )
    return tuple(about(Effect.JUDGE, "tests_weakened", "test file", what, names) for what, names in suspicions if names)


def changed_judges(files: Iterable[FileChange]) -> tuple[Finding, ...]:
    """Return a finding when the change touches what judges changes: instructions, CI, attributes that hide diffs."""
    touched = [change.path for change in files if judges(change.path)]
    if not touched:
        return ()
    return (about(Effect.JUDGE, "judges_files_changed", "changed file", "among those that judge the work", touched),)


def judges(path: str) -> bool:
    """Whether a file at this path judges changes, or configures a program that does."""
    return bool(_JUDGES.fullmatch(path if path.isascii() else _LEFT_OUT.sub("", path)))


def _tallies(lines: Iterable[bytes]) -> Iterator[_Tally]:
    """Read a patch. Inside a hunk every line begins with a sign, so content cannot look like a header."""
    tally: _Tally | None = None
    in_hunk = False
    for line in lines:
        if line.startswith(b"diff --git "):
            if tally:
                yield tally
            tally, in_hunk = _Tally(name=""), False
        elif tally is None:
            continue
        elif line.startswith(b"@@"):
            in_hunk = True
        elif in_hunk:
            _count(tally, line)
        else:
            _read_header(tally, line)
    if tally:
        yield tally


def _count(tally: _Tally, line: bytes) -> None:
    if line.startswith(b"+"):
        tally.added += 1
        tally.marked = tally.marked or bool(re.search(_SWITCHED_OFF, line))
    elif line.startswith(b"-"):
        tally.removed += 1


def _read_header(tally: _Tally, line: bytes) -> None:
    text = line.rstrip(b"\t\n")
    if text.startswith(b"deleted file mode"):
        tally.deleted = True
    elif text.startswith((b"--- ", b"+++ ")) and text[4:] != b"/dev/null":
        tally.name = path_text(unquoted(text[4:])[2:])
