"""House rules that a program can check; each check is also shown a tree that breaks its rule."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from statistics import median
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/loop_kit"
ACP = ROOT / "src/loop_kit_acp"  # a package like a stranger's; its tests are in tests/acp
MODULE_LINES = 350
USUAL_LINES = 100
FUNCTION_LINES = 60
VAGUE = re.compile(r"manager|helper|util|handler|service", re.IGNORECASE)

# The tool whose bus loop adopts: its name, and names of its files.
ANOTHER_TOOL = re.compile(
    r"agent.task.runner|orchestrator|task_packet|handoff|config\.yaml|\.state\.json\.bak|module_map",
    re.IGNORECASE,
)

# Modules without a test module of their own, and where they are tested instead.
TESTED_ELSEWHERE = {
    "cli/run_bus.py": "tests/rounds/test_own_tree.py starts and resumes runs through it",
    "bridge/task.py": "what is read from a command line: tests/acp/bridge/test_main.py reads one",
    "backends/api.py": "names of other modules: src/loop_kit_acp and the example of docs/backends.md import them from there",
    "bus/around.py": "what a next run would take: tests/rounds/test_noticed.py changes it while a run goes on",
    "cli/boundary.py": "tests/cli/test_main.py crosses it",
    "cli/invocation.py": "every command is handed one",
    "cli/entry.py": "tests/cli/test_main.py and every command come in by it",
    "cli/health_view.py": "what tests/cli/test_health.py calls",
    "cli/play_round.py": "every whole run plays its rounds in it",
    "cli/status_view.py": "what tests/cli/test_status.py calls",
    "cli/card_options.py": "flags that two commands share: tests/cli/test_new.py gives them to both",
    "cli/submission.py": "what two commands print: tests/cli/test_submit.py and test_review.py read it",
    "cli/locks.py": "held by three commands: tests/cli/test_undo.py and test_exit_codes.py meet them held",
    "cli/cmd_run.py": "tests/cli/test_situations.py is its table: each state of the bus with each thing that may come",
    "cli/cmd_fsck.py": "tests/fsck/test_examine.py calls it",
    "cli/host.py": "tests/cli/test_check.py and every whole run are handed one",
    "model/events.py": "values alone: tests/model/test_feed_event.py writes and reads each of them",
    "model/shown_events.py": "same",
    "model/summary.py": "a value alone: tests/views/test_run_summary.py makes, writes and reads one",
    "model/decision.py": "a word that a review and a state hold: tests/model reads it in both",
    "processes/child.py": "tests/processes/test_supervise.py runs a program as a child",
    "processes/job.py": "values alone: tests/processes/test_supervise.py makes and reads them",
    "vcs/around.py": "tests/rounds/test_noticed.py plays agents that touch what it looks at",
    "vcs/watched_files.py": "tests/vcs/test_watch.py touches each of them",
    "fsck/*.py": "one examination in three parts: tests/fsck/test_examine.py plants a fault for each",
    **{
        f"{room}/*.py": "means something only within a run: tests/rounds plays whole runs through the real command"
        for room in ("commands", "runs", "steps", "dispatch", "engine")
    },
}


# What removes, and what lists a folder that somebody else could have made a link of: `folders` alone does it, by descriptor.
TOUCHING = ("glob", "iterdir", "listdir", "removedirs", "rglob", "rmdir", "rmtree", "scandir", "unlink", "walk")
# Modules that do so all the same, where loop does not write or nobody else does.
TOUCHING_ELSEWHERE = {
    "folders.py": "the module that does it",
    "backends/outside_files.py": "reads what agent programs find in a person's home",
    "backends/programs.py": "looks where programs are installed",
    "backends/standin.py": "plays an agent",
    "backends/tree.py": "reads the tree that an agent works in",
    "bus/around.py": "reads what people share on the bus, through links as well",
    "bus/atomic.py": "relative to a descriptor that `folders` reached",
    "bus/bus.py": "reads what people share in context/, through links as well",
    "checks/editable.py": "reads a Python installation",
    "checks/memory.py": "reads the tree that was made ready",
    "checks/prepare.py": "reads the tree that it makes ready",
    "checks/propose.py": "reads a person's repository",
    "checks/workspaces.py": "reads a Node installation",
    "cli/cmd_demo.py": "reads what loop brings along",
    "runs/stand_by.py": "reads loop's own code",
    "processes/proc.py": "reads /proc",
    "processes/reaper.py": "reads /proc, and imports nothing of loop",
    "commands/cards.py": "reads what people share in tasks/, through links as well",
    "vcs/diff.py": "relative to a descriptor that `folders` reached",
    "vcs/around.py": "reads ignored folders of a person's tree",
    "vcs/watched_files.py": "reads the hooks of a repository",
    "vcs/worktree.py": "relative to a descriptor that `folders` reached",
}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def modules(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def lint_imports(tree: Path) -> "subprocess.CompletedProcess[str]":
    """Check the import contracts of the package that lies in `tree`."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the source tree that may be spoiled."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_import_contracts_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("bus/bus.py", "import loop_kit.runs.coordinator", "Imports run downhill"),
        ("bus/bus.py", "import loop_kit.vcs.repository", "Imports run downhill"),
        ("views/run_status.py", "import loop_kit.runs.coordinator", "Imports run downhill"),
        ("views/run_status.py", "import loop_kit.vcs.repository", "Views only look"),
        ("cli/cmd_init.py", "import loop_kit.adopt.adopter", "Imports run downhill"),
        ("runs/coordinator.py", "import git", "GitPython and pathspec come in through vcs only"),
        ("bus/bus.py", "import jsonschema", "jsonschema comes in through model only"),
        ("views/run_status.py", "import rich", "click and rich come in through cli only"),
        ("cli/cmd_status.py", "from rich.text import Text", "rich comes in through cli.terminal only"),
        ("backends/codex.py", "import loop_kit_acp.backend", "loop does not know who speaks ACP"),
        (
            "../loop_kit_acp/backend.py",
            "import acp",
            "The ACP client library comes in through loop_kit_acp.bridge only",
        ),
        ("../loop_kit_acp/backend.py", "import loop_kit.errors", "The backend acp imports what any stranger may"),
        (
            "../loop_kit_acp/bridge/task.py",
            "import loop_kit.backends.api",
            "The backend acp imports what any stranger may",
        ),
        ("../loop_kit_acp/backend.py", "import loop_kit_acp.bridge.run", "The bridge is a program of its own"),
    ],
)
def test_an_import_that_breaks_a_contract_is_seen(copy: Path, module: str, line: str, contract: str):
    with (copy / "src/loop_kit" / module).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    done = lint_imports(copy)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout


def test_a_new_package_has_to_find_its_layer(copy: Path):
    (copy / "src/loop_kit/misc.py").touch()
    assert lint_imports(copy).returncode == 1


def lengths(*folders: Path) -> dict[Path, int]:
    return {path: len(path.read_bytes().splitlines()) for path in modules(*folders)}


def long_modules(*folders: Path) -> list[str]:
    return [f"{path} has {lines} lines" for path, lines in lengths(*folders).items() if lines > MODULE_LINES]


def usual_length(*folders: Path) -> float:
    """Return how many lines half of the modules have at most; what a package says of itself is no module."""
    return median(lines for path, lines in lengths(*folders).items() if path.name != "__init__.py")


def test_no_module_is_longer_than_350_lines():
    folders = (ROOT / "src", ROOT / "tests", ROOT / "benchmarks")
    assert len(lengths(*folders)) > 100
    assert long_modules(*folders) == []


def test_half_of_the_modules_have_at_most_100_lines():
    assert usual_length(SOURCE, ACP) <= USUAL_LINES


def test_long_modules_are_seen(tmp_path: Path):
    for name, lines in (("__init__", 1), ("a", 90), ("b", 350), ("c", 351)):
        (tmp_path / f"{name}.py").write_text("pass\n" * lines, encoding="utf-8")
    assert long_modules(tmp_path) == [f"{tmp_path}/c.py has 351 lines"]
    assert usual_length(tmp_path) == 350 > USUAL_LINES


def long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{path}:{node.lineno} {node.name} has {lines} lines"


def test_no_function_is_longer_than_60_lines():
    assert [found for path in modules(SOURCE, ACP) for found in long_functions(path)] == []


def test_a_long_function_is_seen(tmp_path: Path):
    module = tmp_path / "long.py"
    module.write_text("def one():\n" + "    pass\n" * 59 + "\ndef two():\n" + "    pass\n" * 60, encoding="utf-8")
    assert [found.partition(" ")[2] for found in long_functions(module)] == ["two has 61 lines"]


def touching(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Call(func=ast.Attribute(attr=deed, value=owner)) if deed in TOUCHING:
                if not (isinstance(owner, ast.Name) and owner.id == "ast"):
                    yield f"{path}:{node.lineno} {deed}"


def test_one_module_removes_and_lists_what_loop_writes():
    found = {str(path.relative_to(SOURCE)): list(touching(path)) for path in modules(SOURCE)}
    assert [each for name, lines in found.items() if name not in TOUCHING_ELSEWHERE for each in lines] == []
    assert [name for name in TOUCHING_ELSEWHERE if not found.get(name)] == [], "the exception is not needed any more"
    assert [line for path in modules(ACP) for line in touching(path)] == []


def test_a_module_that_removes_by_itself_is_seen(tmp_path: Path):
    module = tmp_path / "by_itself.py"
    module.write_text("import shutil\nshutil.rmtree('x')\n", encoding="utf-8")
    assert [found.rpartition(" ")[2] for found in touching(module)] == ["rmtree"]


def asks_for_a_role(*roots: Path) -> list[str]:
    return [str(path) for path in modules(*roots) if _ROLE_ASKED.search(path.read_text(encoding="utf-8"))]


_ROLE_ASKED = re.compile(r"\brole (==|!=|in|not in) |\bmatch .*\brole\b|\bROLES\b")


def test_no_backend_and_no_prompt_asks_for_a_role():
    assert asks_for_a_role(SOURCE / "backends", SOURCE / "prompts", ACP) == []


def test_a_backend_that_asks_for_a_role_is_seen(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text('reads = order.role != "worker"\n', encoding="utf-8")
    assert asks_for_a_role(tmp_path) == [str(path)]


def test_nothing_is_named_after_its_vagueness():
    for path in modules(SOURCE, ACP):
        defined = [
            node.name
            for node in ast.walk(ast.parse(path.read_bytes()))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        assert [name for name in (path.stem, *defined) if VAGUE.search(name)] == [], path


def names_another_tool(path: Path) -> list[str]:
    return sorted({found.lower() for found in ANOTHER_TOOL.findall(path.read_text(encoding="utf-8"))})


def test_one_package_alone_knows_the_other_tool():
    found = {str(path.relative_to(SOURCE)): names_another_tool(path) for path in modules(SOURCE)}
    assert {name: words for name, words in found.items() if words and not name.startswith("adopt/")} == {}
    assert found["adopt/traces.py"], "the words that are looked for are not those of the other tool"


def test_nothing_in_loop_is_about_the_backend_that_comes_in_like_a_strangers():
    found = [path for path in modules(SOURCE) if "acp" in path.read_text(encoding="utf-8").lower()]
    assert [str(path.relative_to(SOURCE)) for path in found] == ["backends/api.py"], "it is named there as an example"


def test_each_module_has_its_test_module():
    missing = [
        name
        for source, tests in ((SOURCE, ROOT / "tests"), (ACP, ROOT / "tests/acp"))
        for path in modules(source)
        if path.name != "__init__.py"
        and not (
            tests / path.relative_to(source).with_name(f"test_{path.stem.strip('_').removeprefix('cmd_')}.py")
        ).exists()
        and not any(fnmatch(name := str(path.relative_to(source)), pattern) for pattern in TESTED_ELSEWHERE)
    ]
    assert missing == []


def test_the_extra_and_the_group_dev_say_the_same():
    document = project()
    assert document["project"]["optional-dependencies"]["dev"] == document["dependency-groups"]["dev"]


def test_each_dependency_says_from_which_version_on():
    document = project()
    for requirement in (*document["project"]["dependencies"], *document["dependency-groups"]["dev"]):
        assert re.fullmatch(r"[A-Za-z-]+>=[\d.]+", requirement), requirement


def test_each_rule_that_ruff_does_not_apply_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    ignores = re.search(r"^ignore = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    places = re.search(r"^\[tool\.ruff\.lint\.per-file-ignores\]\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert ignores
    assert places
    bare = re.compile(r'^ *"[^"]+",? *(= \["[A-Z0-9", ]+\])? *$', re.MULTILINE)
    assert bare.findall('    "D100",\n') != []
    assert [found.group() for part in (ignores, places) for found in bare.finditer(part[1])] == []


def test_each_exception_in_the_code_has_its_reason():
    excuse = re.compile(r"# (noqa|type: ignore)(?P<rest>.*)")
    reason = re.compile(r"(: [A-Z0-9, ]+|\[[a-z-]+\]) {1,2}(# |\()\w.*")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules(SOURCE, ACP)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := excuse.search(line)) and not reason.fullmatch(found["rest"])
    ]
    assert bare == []


def heavy_imports(cwd: Path, *command: str) -> tuple[int, str]:
    """Return the exit code of a command and which of the heavy packages it imported."""
    probe = (
        "import sys; from loop_kit.cli.entry import main; code = main(sys.argv[1:]);"
        "print(sorted({'rich', 'git', 'jsonschema', 'pathspec'} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    argv = [sys.executable, "-P", "-E", "-c", probe, *command]
    done = subprocess.run(argv, cwd=cwd, capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["status", "--help", "--version"])
def test_a_command_that_only_looks_imports_nothing_heavy(tmp_path: Path, command: str):
    (tmp_path / ".loop").mkdir()
    assert heavy_imports(tmp_path, command) == (0, "[]\n")


def test_the_probe_sees_a_heavy_import(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "task_card.json").write_text("{}", encoding="utf-8")  # what is good is seen to be so without it
    code, said = heavy_imports(tmp_path, "validate", str(tmp_path / "task_card.json"))
    assert (code, said.splitlines()[-1]) == (3, "['jsonschema']")
