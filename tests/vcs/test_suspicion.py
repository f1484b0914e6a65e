from itertools import product
from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from loop_kit.model.change import Effect, FileChange, Finding
from loop_kit.vcs import suspicion
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.suspicion import changed_judges, weakened_tests
from tests.support.repos import commit, git, make_repo

TEST = "def test_one():\n    assert one() == 1\n\n\ndef test_two():\n    assert two() == 2\n"


# What the two expressions of the module mean, said as gitignore patterns.
TEST_PATTERNS = (
    *("tests/", "test/", "spec/", "specs/", "__tests__/", "[Tt]est_*.*", "*_test.*", "*_tests.*", "*.test.*"),
    *("*.spec.*", "*_spec.*", "*Test.*", "*Tests.*", "*Spec.*", "*_SUITE.erl", "conftest.py", "*.bats", "*.t"),
)
JUDGE_PATTERNS = (
    *(
        "AGENTS.md",
        "AGENT.md",
        "AGENTS.override.md",
        "CLAUDE.md",
        "CLAUDE.local.md",
        "GEMINI.md",
        "QWEN.md",
        "CRUSH.md",
    ),
    *("/docs/roles/", ".loop", ".gitattributes", ".gitmodules", ".husky", ".devcontainer", ".envrc", "mise.toml"),
    *(".mise.toml", ".mcp.json", "opencode.json", "opencode.jsonc", "crush.json", ".crush.json", ".goosehints"),
    *(".roomodes", ".aider.*", ".cursorrules", ".windsurfrules", ".roorules", ".clinerules", ".aiexclude"),
    *(".geminiignore", ".cursorignore", ".aiderignore", ".clineignore", ".rooignore", ".codeiumignore"),
    *(
        f"{dot}lefthook{local}.{end}"
        for dot in ("", ".")
        for local in ("", "-local")
        for end in ("yml", "yaml", "toml")
    ),
    *(f"{dot}lefthook{local}.json" for dot in ("", ".") for local in ("", "-local")),
    *(
        ".claude",
        ".codex",
        ".gemini",
        ".opencode",
        ".cursor",
        ".qwen",
        ".vibe",
        ".agents",
        ".pi",
        ".crush",
        ".continue",
    ),
    *(".windsurf", ".cline", ".roo", ".kilocode", ".kiro", ".augment", ".amp", ".amazonq", ".junie", ".copilot"),
    *("**/.github/copilot-*", "**/.github/instructions", "**/.github/prompts", "**/.github/agents", "**/.github/hooks"),
    *("**/.github/skills", "**/.vscode/mcp.json", "**/.vscode/settings.json", "**/.vscode/tasks.json"),
    *("/.github/workflows/", "/.github/actions/", "/.ci/", "/.circleci/", "/.buildkite/", "/.woodpecker*"),
    *("/.gitlab-ci.yml", "/.travis.yml", "/.drone.yml", "/.cirrus.yml", "/Jenkinsfile", "/azure-pipelines.y*ml"),
    *("/appveyor.yml", "/bitbucket-pipelines.yml", "/.pre-commit-config.yaml"),
)
PARTS = (
    *("tests", "test", "spec", "specs", "__tests__", "test_a.py", "Test_x.c", "a_test.go", "b_tests.rb", "c.test.js"),
    *("d.spec.ts", "e_spec.rb", "FooTest.java", "FooTests.cs", "FSpec.scala", "x_SUITE.erl", "conftest.py", "a.bats"),
    *("b.t", "contest.py", "test_", "test_x", "atest_b.c", ".t", ".bats", "_test.", "Test.x", "testsx", "xspec", "src"),
    *("AGENTS.md", "XAGENTS.md", "CLAUDE.md", "GEMINI.md", "docs", "roles", ".loop", ".gitattributes", ".gitmodules"),
    *(".github", "workflows", "actions", ".ci", ".circleci", ".buildkite", ".woodpecker", ".woodpecker.yml", "main.c"),
    *(".gitlab-ci.yml", ".travis.yml", ".drone.yml", ".cirrus.yml", "Jenkinsfile", "azure-pipelines.yml"),
    *(
        "azure-pipelines.yaml",
        "appveyor.yml",
        "bitbucket-pipelines.yml",
        ".pre-commit-config.yaml",
        "azure-pipelinesyml",
    ),
    *(".claude", "x.claude", ".mcp.json", "opencode.jsonc", ".github/copilot-instructions.md", ".vscode", "mcp.json"),
    *(
        ".vscode/settings.json",
        ".husky",
        "CLAUDE.local.md",
        "AGENTS.override.md",
        ".lefthook-local.yml",
        ".aider.conf.yml",
    ),
    *(".envrc", ".env", "instructions", ".geminiignore", "Agents.md", ".Claude"),
)


def weakened(repo: Path, base: str = "HEAD~1") -> tuple[Finding, ...]:
    found = Repository.find(repo)
    return weakened_tests(found.git, base, "HEAD", found.files(base, "HEAD"))


def test_new_and_longer_tests_are_no_suspicion(tmp_path: Path):
    repo = make_repo(tmp_path, {"tests/test_a.py": TEST, "src/a.py": "1\n2\n3\n"})
    commit(repo, {"tests/test_a.py": TEST + "    assert True\n", "tests/test_b.py": TEST, "src/a.py": ""})
    assert weakened(repo) == ()


def test_a_deleted_test_is_named(tmp_path: Path):
    repo = make_repo(tmp_path, {"pkg/thing_test.go": TEST, "other": "1"})
    (repo / "pkg" / "thing_test.go").unlink()
    commit(repo, {})
    (finding,) = weakened(repo)
    assert (finding.effect, finding.code) == (Effect.JUDGE, "tests_weakened")
    assert finding.text == "1 test file deleted: pkg/thing_test.go"
    assert finding.paths == ("pkg/thing_test.go",)


def test_a_test_that_moved_to_another_test_file_is_not_deleted(tmp_path: Path):
    repo = make_repo(tmp_path, {"tests/test_a.py": TEST * 5})
    git(repo, "mv", "tests/test_a.py", "tests/test_b.py")
    commit(repo, {})
    assert weakened(repo) == ()


def test_a_test_that_moved_out_of_the_tests_is_deleted(tmp_path: Path):
    repo = make_repo(tmp_path, {"tests/test_a.py": TEST * 5})
    (repo / "attic").mkdir()
    git(repo, "mv", "tests/test_a.py", "attic/old.py")
    commit(repo, {})
    assert [finding.text for finding in weakened(repo)] == ["1 test file deleted: tests/test_a.py"]


def test_a_test_that_lost_lines_is_named(tmp_path: Path):
    repo = make_repo(tmp_path, {"tests/test_a.py": TEST, "tests/test_b.py": TEST})
    commit(repo, {"tests/test_a.py": TEST.partition("\n\n\n")[0] + "\n", "tests/test_b.py": TEST.replace("2", "3")})
    assert [finding.text for finding in weakened(repo)] == ["1 test file shorter than before: tests/test_a.py"]


@pytest.mark.parametrize(
    "line",
    [
        "@pytest.mark.skip",
        "@pytest.mark.skipif(True, reason='x')",
        "    @unittest.expectedFailure  # noqa\n@xfail",
        "    @unittest.skip('later')",
        "        self.skipTest('later')",
        "    pytest.skip('later')",
        "pytestmark = pytest.mark.xfail",
        "it.skip('works', () => {})",
        "describe.only('works', () => {})",
        "  test.concurrent.only('works', () => {})",
        "xit('works', () => {})",
        'fdescribe("works", () => {})',
        "test.todo('works')",
        "    @Ignore",
        '    @Disabled("later")',
        "#[ignore]",
        '\tt.Skip("later")',
        "    [Ignore]",
        '    [Fact(Skip = "later")]',
        "  @tag :skip",
        '    GTEST_SKIP() << "later";',
        "TEST(Suite, DISABLED_works) {",
        "  pending 'later' do",
        "  skip 'later'",
    ],
)
def test_a_test_switched_off_is_named_in_any_language(tmp_path: Path, line: str):
    repo = make_repo(tmp_path, {"tests/test_a.py": TEST})
    commit(repo, {"tests/test_a.py": f"{line}\n{TEST}"})
    assert [finding.text for finding in weakened(repo)] == [
        "1 test file switched off, or others switched off by `only`: tests/test_a.py"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "model.fit(x)",
        "def fit(self): ...",
        "skipped = 3",
        "# we ignore the case",
        "only = 1",
        "a.only()",
        "self.skip_count = 0",
    ],
)
def test_ordinary_words_are_no_suspicion(tmp_path: Path, line: str):
    repo = make_repo(tmp_path, {"tests/test_a.py": TEST})
    commit(repo, {"tests/test_a.py": f"{line}\n{TEST}"})
    assert weakened(repo) == ()


def test_lines_that_look_like_a_patch_cannot_hide_anything(tmp_path: Path):
    forged = "-- a/x\ndiff --git a/x b/x\n@@ -1 +1 @@\n"
    repo = make_repo(tmp_path, {"tests/test_a.py": forged + TEST, "tests/b c.py": TEST})
    commit(repo, {"tests/test_a.py": "++ b/src/x.py\n", "tests/b c.py": "++ /dev/null\n@skip\n"})
    assert [finding.text for finding in weakened(repo)] == [
        "1 test file switched off, or others switched off by `only`: tests/b c.py",
        "2 test files shorter than before: tests/b c.py, tests/test_a.py",
    ]


def test_a_test_with_an_unusual_name_does_not_escape(tmp_path: Path):
    name = 'tests/with "quotes"\nand newline_test.py'
    repo = make_repo(tmp_path, {name: TEST})
    commit(repo, {name: "@skip\n"})
    assert [finding.code for finding in weakened(repo)] == ["tests_weakened", "tests_weakened"]


def change(path: str) -> FileChange:
    return FileChange(path=path, status="M", added=1, removed=1)


def test_files_that_judge_the_work_are_named():
    judges = (
        "AGENTS.md",
        "sub/AGENTS.md",
        "docs/roles/reviewer.md",
        ".github/workflows/ci.yml",
        ".ci/run",
        ".gitattributes",
    )
    (finding,) = changed_judges(map(change, (*judges, "src/a.py", "docs/index.md", "docs/our-agents.md")))
    assert (finding.effect, finding.code, finding.paths) == (Effect.JUDGE, "judges_files_changed", judges)


@pytest.mark.parametrize(
    "path",
    [
        *(".claude/settings.json", "sub/.codex/config.toml", ".gemini/settings.json", "a/b/.opencode/plugin/x.js"),
        *(".mcp.json", ".cursor/mcp.json", ".qwen/settings.json", ".vibe/config.toml", ".husky/pre-commit", ".claude"),
        *("opencode.jsonc", ".geminiignore", ".aider.conf.yml", ".github/copilot-instructions.md", ".vscode/mcp.json"),
        *("AGENTS.override.md", "CLAUDE.local.md", ".envrc", "lefthook.yml", ".Claude/settings.json", "claude.MD"),
        ".cla\u200dude/settings.json",
    ],
)
def test_what_an_agent_program_reads_judges_the_work(path: str):
    (finding,) = changed_judges([change(path)])
    assert (finding.effect, finding.code, finding.paths) == (Effect.JUDGE, "judges_files_changed", (path,))


def test_other_files_do_not_judge():
    assert changed_judges([change("src/a.py"), change("lib/.ci/x/y"), change("x/Jenkinsfile")]) == ()


@pytest.mark.parametrize(
    ("expression", "patterns"),
    [(suspicion._TESTS, TEST_PATTERNS), (suspicion._JUDGES, JUDGE_PATTERNS)],
    ids=["tests", "judges"],
)
def test_the_paths_are_those_that_gitignore_patterns_would_name(expression, patterns):
    whatever_case = expression is suspicion._JUDGES
    spec = GitIgnoreSpec.from_lines([pattern.lower() if whatever_case else pattern for pattern in patterns])
    paths = ["/".join(parts) for size in (1, 2) for parts in product(PARTS, repeat=size)]
    paths += [f"{first}/{second}/x.py" for first, second in product(PARTS, repeat=2)]
    assert [
        path
        for path in paths
        if bool(expression.fullmatch(path)) != spec.match_file(path.lower() if whatever_case else path)
    ] == []
