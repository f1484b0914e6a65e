import json
import random
import re
import tomllib

import pytest

from loop_kit.errors import ConfigError
from loop_kit.model import redaction
from loop_kit.model.config import Settings
from loop_kit.model.redaction import MARK, Redactor

# Put together, so that no file of the repository holds anything in the shape of a key.
SHAPES = {
    "openai": "sk-" + "proj-Ab12" * 4,
    "anthropic": "sk-ant-" + "api03-x" * 4,
    "google": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "aws": "AKIA" + "Z7EXAMPLE0123456",
    "github": "ghp_" + "a1B2" * 9,
    "github, fine-grained": "github_pat_" + "11ABCDE0" * 4,
    "gitlab": "glpat-" + "x1y2z3" * 4,
    "slack": "xoxb-" + "123456789012",
    "oauth": "ya29." + "a0AfH6SMB" * 3,
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3" + "." + "SflKxwRJSMeKKF2QT4",
    "private key": "-----BEGIN " + "PRIVATE KEY-----\\nMIIB\\n-----END " + "PRIVATE KEY-----",
}


@pytest.mark.parametrize("key", SHAPES.values(), ids=SHAPES)
def test_what_has_the_shape_of_a_key_is_hidden(key: str):
    line = json.dumps({"text": f"the key is {key}, you see"})
    assert Redactor().clean_text(line) == json.dumps({"text": f"the key is {MARK}, you see"})


@pytest.mark.parametrize(
    "text",
    ["task-list", "risk-free-and-simple-to-understand", "sk-", "AIza", "ghost_writer", "desk-" + "a" * 30, "eyJ", ""],
)
def test_what_only_begins_like_one_stays(text: str):
    assert Redactor().clean_text(text) == text


def test_the_values_of_secret_variables_are_hidden_wherever_they_stand():
    redactor = Redactor.of({"MY_API_KEY": "hunter2hunter2", "DB_PASSWORD": 'pass"word\\1', "EDITOR": "emacs-nox-29"})
    assert redactor.clean_text("key=hunter2hunter2;emacs-nox-29") == f"key={MARK};emacs-nox-29"
    assert redactor.clean(json.dumps({"said": 'pass"word\\1'}).encode()) == json.dumps({"said": MARK}).encode()
    document = {"notes": ["hunter2hunter2"], "round": 1, "hunter2hunter2": None}
    assert redactor.clean_document(document) == {"notes": [MARK], "round": 1, "hunter2hunter2": None}


def test_the_longer_of_two_values_is_hidden_whole():
    redactor = Redactor.of({"A_TOKEN": "abcdefgh", "B_TOKEN": "abcdefghijkl"})
    assert redactor.clean_text("abcdefghijkl abcdefgh") == f"{MARK} {MARK}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONKEY", "banana-tree"),  # no word of its own says key
        ("SSH_AUTH_SOCK", "/tmp/agent.sock"),
        ("TOKEN_URL", "https://example.org/"),
        ("KEY", "short"),
    ],
)
def test_what_is_no_secret_is_not_hidden(name: str, value: str):
    assert Redactor.of({name: value}).clean_text(f"see {value}") == f"see {value}"


def test_a_value_that_is_no_utf_8_is_hidden_too():
    redactor = Redactor.of({"SECRET": "caf\udce9-secret"})
    assert redactor.clean(b"say caf\xe9-secret") == b"say " + MARK.encode()


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        ('[env.set]\nOPENAI_API_KEY = "{openai}"', "$.env.set.OPENAI_API_KEY"),
        ('[env.set]\nNOTE = "see {github}"', "$.env.set.NOTE"),
        ('[worker.env]\nMY_TOKEN = "a1b2c3d4e5f6a7b8c9d0e1f2"', "$.worker.env.MY_TOKEN"),
        ('[reviewer]\nargs = ["--key", "{anthropic}"]', "$.reviewer.args[1]"),
        ('[backends.mine]\ntype = "command"\nargv = ["x", "{openai}"]', "$.backends.mine.argv[1]"),
        ('[backends.mine]\nargs = ["--key={openai}"]', "$.backends.mine.args[0]"),
        ('[checks.one]\nrun = "curl -H {gitlab} x"', "$.checks.one.run"),
        ('[prepare]\nargv = ["fetch", "{github}"]', "$.prepare.argv[1]"),
    ],
)
def test_a_key_in_the_config_is_refused_because_configs_are_archived(toml: str, where: str):
    with pytest.raises(ConfigError) as refused:
        Settings.from_document(tomllib.loads(toml.format(**SHAPES)), name="config.toml")
    assert refused.value.message.startswith(f"config.toml {where}: a key does not belong in a file")
    assert "[env] pass" in refused.value.message


@pytest.mark.parametrize("value", ["test", "ollama", "not-needed-for-a-local-model"])
def test_a_word_that_stands_in_for_a_key_is_let_through(value: str):
    settings = Settings.from_document({"env": {"set": {"OPENAI_API_KEY": value}}})
    assert settings.env.set["OPENAI_API_KEY"] == value


@pytest.mark.parametrize("seed", range(30))
def test_the_quick_look_finds_whatever_the_shapes_alone_would_find(seed: int):
    chance = random.Random(seed)  # noqa: S311  (repeatable, not secret)
    signs = ("sk-", "gh", "ghp_", "xox", "eyJ", "ya29", "-----", "\\n", '"', " ", "_", "-", ".", "A", "9" * 20)
    parts = chance.choices((*SHAPES.values(), *signs, *"kgJx"), k=chance.choice((3, 12, 40)))
    data = "".join(parts).encode()
    expected = data
    for shape in (shape for _byte, _sign, shapes in redaction._SHAPES for shape in shapes):
        expected = re.sub(rb"(?<![A-Za-z0-9])" + shape, MARK.encode(), expected)
    assert Redactor().clean(data) == expected
