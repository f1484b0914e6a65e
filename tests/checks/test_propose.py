import json
import tomllib
from pathlib import Path

import pytest

from loop_kit.checks.propose import propose, render
from loop_kit.model.config import Settings

NPM = {"scripts": {"test": "jest", "lint": "eslint .", "build": "tsc"}}


def make(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "proposed"),
    [
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, {"checks.pytest": "python -m pytest"}),
        ({"pyproject.toml": '[dependency-groups]\ndev = ["pytest"]', "uv.lock": ""}, {"checks.pytest": "uv run pytest"}),
        ({"setup.cfg": "[tool:pytest]\n"}, {"checks.pytest": "python -m pytest"}),
        ({"tox.ini": "[pytest]\n"}, {"checks.pytest": "python -m pytest", "checks.tox": "tox"}),
        ({"tests/conftest.py": ""}, {"checks.pytest": "python -m pytest"}),
        ({"tests/test_a.py": ""}, {"checks.unittest": "python -m unittest"}),
        ({"pyproject.toml": "[tool.ruff]\n[tool.mypy]\n"}, {"checks.ruff": "ruff check .", "checks.mypy": "mypy ."}),
        ({"package.json": json.dumps(NPM)}, {"checks.npm-test": "npm test", "checks.npm-lint": "npm run lint"}),
        ({"package.json": json.dumps({"scripts": {"test": "echo 'Error: no test specified' && exit 1"}})}, {}),
        (
            {"package.json": json.dumps(NPM), "yarn.lock": ""},
            {"checks.yarn-test": "yarn test", "checks.yarn-lint": "yarn run lint"},
        ),
        ({"package-lock.json": "{}"}, {"prepare": "npm ci"}),
        ({"Cargo.toml": ""}, {"checks.cargo-test": "cargo test"}),
        ({"go.mod": ""}, {"checks.go-test": "go test ./..."}),
        ({"pom.xml": "", "mvnw": ""}, {"checks.maven-test": "./mvnw --batch-mode test"}),
        ({"build.gradle.kts": ""}, {"checks.gradle-test": "gradle test"}),
        ({"Gemfile": "", "spec/a_spec.rb": ""}, {"checks.rspec": "bundle exec rspec"}),
        ({"Gemfile": "", "Rakefile": ""}, {"checks.rake-test": "bundle exec rake test"}),
        (
            {"Makefile": "test: deps\n\techo\nlint:\nCHECK := 1\ncheck := 2\n"},
            {"checks.make-test": "make test", "checks.make-lint": "make lint"},
        ),
        ({"README.md": "make test: runs the tests\n"}, {}),
    ],
)  # fmt: skip
def test_what_a_repository_has_is_what_is_proposed(tmp_path: Path, files, proposed):
    assert {each.table: " ".join(each.argv) for each in propose(make(tmp_path, files))} == proposed


@pytest.mark.parametrize(
    "text", ["[", "[1]", "\0", '{"scripts": 3}', '{"scripts": {"test": 3}}', "tool = 3", "{" * 5000]
)
def test_a_file_that_cannot_be_read_proposes_nothing(tmp_path: Path, text):
    assert propose(make(tmp_path, {"pyproject.toml": text, "package.json": text})) == []


def test_the_text_is_all_comment_and_a_valid_config_without_its_signs(tmp_path: Path):
    files = {"package.json": json.dumps(NPM), "package-lock.json": "{}", "CMakeLists.txt": "", "Makefile": "test:\n"}
    text = render(propose(make(tmp_path, files)))
    assert tomllib.loads(text) == {}
    bare = "\n".join(line[1:] for line in text.splitlines() if line.startswith(("#[", "#argv", "#run", "#files")))
    settings = Settings.from_document(tomllib.loads(bare))
    assert set(settings.checks) == {"npm-test", "npm-lint", "ctest", "make-test"}
    assert settings.prepare is not None
    assert settings.prepare.files == ("package.json", "package-lock.json")
    assert '# package.json has the script "test":\n#[checks.npm-test]\n#argv = ["npm", "test"]\n' in text
    assert '#run = "cmake -S . -B build && ' in text


def test_where_nothing_is_seen_nothing_is_said(tmp_path: Path):
    assert render(propose(tmp_path)) == ""
