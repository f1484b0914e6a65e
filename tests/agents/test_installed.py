"""How the programs come to the machine, tried with an npm that installs nothing but names."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agents.installed import bin_folder, cache_folder, install
from tests.agents.pins import LOCK, NODE, locked, manifest, versions
from tests.support.pages import ROOT
from tests.support.runs import wait_until

# It tells that it was called, and waits as long as a file says so.
NPM = """\
#!/bin/sh
while [ "$1" != --prefix ]; do shift; done
echo called >> "$CALLS"
while [ -e "$CALLS.wait" ]; do sleep 0.02; done
cd "$2" && grep -q optionalDependencies package.json && test -f package-lock.json || exit 1
mkdir -p node_modules/.bin node_modules/@anthropic-ai/claude-code-any
mkdir -p node_modules/opencode-linux-any/bin node_modules/opencode-linux-any-baseline/bin
mkdir -p node_modules/node-linux-any/bin && touch node_modules/node-linux-any/bin/node
touch node_modules/.bin/claude-agent-acp node_modules/.bin/codex-acp node_modules/.bin/codex node_modules/.bin/gemini
touch node_modules/@anthropic-ai/claude-code-any/claude
touch node_modules/opencode-linux-any/bin/opencode node_modules/opencode-linux-any-baseline/bin/opencode
"""
PROGRAMS = ["claude", "claude-agent-acp", "codex", "codex-acp", "gemini", "node", "opencode"]
INSTALL = "import os; from tests.agents.installed import install; install(os.environ)"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(NPM, encoding="utf-8")
    npm.chmod(0o755)
    path = f"{npm.parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache"), "CALLS": str(tmp_path / "calls")}


def calls(environment: dict[str, str]) -> int:
    path = Path(environment["CALLS"])
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def installing(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Install in a process of its own, which leads a group so that all of it can be killed."""
    return subprocess.Popen([sys.executable, "-c", INSTALL], cwd=ROOT, env=environment, start_new_session=True)


def names(environment: dict[str, str]) -> list[str]:
    folder = bin_folder(environment)
    return sorted(path.name for path in folder.iterdir() if path.exists()) if folder is not None else []


def test_what_is_installed_is_found_and_not_installed_again(environment: dict[str, str]):
    assert bin_folder(environment) is None
    assert [install(environment), install(environment)] == [bin_folder(environment)] * 2
    assert names(environment) == PROGRAMS
    assert calls(environment) == 1


def test_two_that_install_at_once_get_the_same(environment: dict[str, str]):
    waiting = Path(environment["CALLS"] + ".wait")
    waiting.touch()
    first, second = installing(environment), installing(environment)
    wait_until(lambda: calls(environment), "npm")
    waiting.unlink()
    assert (first.wait(), second.wait()) == (0, 0)
    assert (names(environment), calls(environment)) == (PROGRAMS, 1)


def test_an_installation_that_was_killed_is_made_anew(environment: dict[str, str]):
    waiting = Path(environment["CALLS"] + ".wait")
    waiting.touch()
    process = installing(environment)
    wait_until(lambda: calls(environment), "npm")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert bin_folder(environment) is None
    waiting.unlink()
    install(environment)
    assert (names(environment), calls(environment)) == (PROGRAMS, 2)
    assert list(cache_folder(environment).glob("part-*")) == []


def test_an_npm_that_fails_is_one_sentence_and_leaves_nothing_whole(environment: dict[str, str]):
    npm = Path(environment["PATH"].partition(":")[0], "npm")
    npm.write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(OSError, match=r"^npm install failed, is there a network\? it is broken$"):
        install(environment)
    assert bin_folder(environment) is None


def test_other_pins_lie_in_a_folder_of_their_own_and_need_no_lock(environment: dict[str, str]):
    other = {**environment, "PINS": "@openai/codex@99.0.0 opencode-ai@98.0.0"}
    assert (versions(other)["@openai/codex"], versions(other)["opencode-ai"]) == ("99.0.0", "98.0.0")
    assert versions(other)["@google/gemini-cli"] == versions()["@google/gemini-cli"]
    assert cache_folder(other) != cache_folder(environment)
    assert '"@openai/codex": "99.0.0"' in manifest(other)
    assert (locked(environment), locked(other)) == (True, False)


def test_no_program_is_pinned_that_the_lock_does_not_know():
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in versions()} == versions()
    assert {name: packages[f"node_modules/{name}"]["version"] for name in NODE} == NODE
    assert all("integrity" in entry for place, entry in packages.items() if place)
