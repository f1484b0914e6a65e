"""Look at a repository and propose checks for its config, each with its reason. Nothing is started.

A proposal is text for a person: it stays a comment in the config until the `#` are removed.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from loop_kit.checks.origin import read_text
from loop_kit.values import dataclass

_NO_TEST = "no test specified"  # what npm init writes
_NODE_RUNNERS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun"))
_SCRIPTS = ("test", "lint", "typecheck")
_TARGETS = ("test", "check", "lint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A check, or with `prepares` the preparation; then `files` decide whether it has to run again."""

    name: str
    argv: tuple[str, ...]
    because: str
    prepares: bool = False
    files: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        return "prepare" if self.prepares else f"checks.{self.name}"


def propose(root: Path) -> list[Proposal]:
    """Return what fits the repository at `root`; of several preparations only the first, because a config has one."""
    found = [proposal for look in _LOOKS for proposal in look(root)]
    first = next((proposal for proposal in found if proposal.prepares), None)
    return [proposal for proposal in found if not proposal.prepares or proposal is first]


def render(proposals: Sequence[Proposal]) -> str:
    """Return the proposals as the commented end of a config.toml; "" when there are none."""
    if not proposals:
        return ""
    parts = ["# What loop saw in this repository, and what it would run. Remove the '#' of those that you want.\n"]
    for proposal in proposals:
        key, value = ("run", proposal.argv[2]) if proposal.argv[:2] == ("sh", "-c") else ("argv", proposal.argv)
        lines = [f"#[{proposal.table}]", f"#{key} = {_toml(value)}"]
        lines += [f"#files = {_toml(proposal.files)}"] if proposal.files else []
        parts.append("\n".join((f"# {proposal.because}:", *lines)) + "\n")
    return "\n".join(parts)


def _toml(value: str | Sequence[str]) -> str:
    return json.dumps(value)  # of plain text, TOML's strings are JSON's


def _python(root: Path) -> Iterator[Proposal]:
    document = _toml_document(root / "pyproject.toml")
    tools = document.get("tool", {}) if isinstance(document.get("tool", {}), dict) else {}
    runner = next((words for lock, words in _PYTHON_RUNNERS if (root / lock).is_file()), ())
    pytest = _pytest_sign(root, tools)
    if pytest:
        argv = (*runner, "pytest") if runner else ("python", "-m", "pytest")
        yield Proposal(name="pytest", argv=argv, because=pytest)
    elif next(root.glob("test*/test*.py"), None) or next(root.glob("test*.py"), None):
        because = "there are Python tests, and nothing speaks of pytest"
        yield Proposal(name="unittest", argv=(*runner, "python", "-m", "unittest"), because=because)
    for tool, words in (("ruff", ("ruff", "check", ".")), ("mypy", ("mypy", "."))):
        if tool in tools:
            yield Proposal(name=tool, argv=(*runner, *words), because=f"pyproject.toml has [tool.{tool}]")
    for tool, file in (("tox", "tox.ini"), ("nox", "noxfile.py")):
        if (root / file).is_file():
            yield Proposal(name=tool, argv=(tool,), because=f"there is a {file}")


_PYTHON_RUNNERS = (("uv.lock", ("uv", "run")), ("poetry.lock", ("poetry", "run")), ("pdm.lock", ("pdm", "run")))
_PYTEST_SIGNS = (
    ("setup.cfg", "[tool:pytest]"),
    ("tox.ini", "[pytest]"),
    ("pyproject.toml", "pytest"),
    ("requirements-dev.txt", "pytest"),
    ("requirements.txt", "pytest"),
)


def _pytest_sign(root: Path, tools: Any) -> str:
    if "pytest" in tools:
        return "pyproject.toml has [tool.pytest]"
    for file in ("pytest.ini", "conftest.py", "tests/conftest.py", "test/conftest.py"):
        if (root / file).is_file():
            return f"there is a {file}"
    for file, sign in _PYTEST_SIGNS:
        if sign in read_text(root / file):
            return f"{file} speaks of {sign}"
    return ""


def _node(root: Path) -> Iterator[Proposal]:
    scripts = _scripts(root / "package.json")
    runner = next((name for lock, name in _NODE_RUNNERS if (root / lock).is_file()), "npm")
    for script in _SCRIPTS:
        if script in scripts and _NO_TEST not in scripts[script]:
            argv = (runner, "test") if script == "test" and runner != "bun" else (runner, "run", script)
            because = f"package.json has the script {json.dumps(script)}"
            yield Proposal(name=f"{runner}-{script}", argv=argv, because=because)
    if (root / "package-lock.json").is_file():
        files = ("package.json", "package-lock.json")
        because = "there is a package-lock.json, and a clean tree has no node_modules"
        yield Proposal(name="npm", argv=("npm", "ci"), because=because, prepares=True, files=files)


def _compiled(root: Path) -> Iterator[Proposal]:
    gradle = ("./gradlew",) if (root / "gradlew").is_file() else ("gradle",)
    maven = ("./mvnw",) if (root / "mvnw").is_file() else ("mvn",)
    cmake = "cmake -S . -B build && cmake --build build && ctest --test-dir build --output-on-failure"
    for file, name, argv in (
        ("Cargo.toml", "cargo-test", ("cargo", "test")),
        ("go.mod", "go-test", ("go", "test", "./...")),
        ("pom.xml", "maven-test", (*maven, "--batch-mode", "test")),
        ("build.gradle", "gradle-test", (*gradle, "test")),
        ("build.gradle.kts", "gradle-test", (*gradle, "test")),
        ("CMakeLists.txt", "ctest", ("sh", "-c", cmake)),
    ):
        if (root / file).is_file():
            yield Proposal(name=name, argv=argv, because=f"there is a {file}")


def _ruby(root: Path) -> Iterator[Proposal]:
    if not (root / "Gemfile").is_file():
        return
    if (root / "spec").is_dir():
        yield Proposal(name="rspec", argv=("bundle", "exec", "rspec"), because="there are a Gemfile and a folder spec")
    elif (root / "Rakefile").is_file():
        argv = ("bundle", "exec", "rake", "test")
        yield Proposal(name="rake-test", argv=argv, because="there are a Gemfile and a Rakefile")


def _make(root: Path) -> Iterator[Proposal]:
    file = next((name for name in ("GNUmakefile", "makefile", "Makefile") if (root / name).is_file()), "")
    targets = set(re.findall(r"^([A-Za-z]+)\s*::?(?!=)", read_text(root / file), re.MULTILINE)) if file else set()
    for target in _TARGETS:
        if target in targets:
            yield Proposal(name=f"make-{target}", argv=("make", target), because=f"{file} has the target {target}")


_LOOKS: tuple[Callable[[Path], Iterator[Proposal]], ...] = (_python, _node, _compiled, _ruby, _make)


def _toml_document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except (ValueError, RecursionError):
        return {}


def _scripts(path: Path) -> dict[str, str]:
    try:
        match json.loads(read_text(path) or "null"):
            case {"scripts": dict() as scripts}:
                return {name: line for name, line in scripts.items() if isinstance(line, str)}
    except (ValueError, RecursionError):
        pass
    return {}
