"""Settings that an agent puts outside of every tree do not reach a reviewer: through the real command, with real files."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.runs import Stage, Steps, ended, works

# A program that poses as Claude Code: it rewrites its own file as that does, plants what the test wants, and answers in
# the form that it was asked for.
CLAUDE = """\
#!{python}
import json, os, pathlib, sys
if "--version" in sys.argv:
    sys.exit(print("2.1.329 (Claude Code)"))
calls = pathlib.Path({calls!r})
number = len(calls.read_text().splitlines()) if calls.exists() else 0
calls.open("a").write("called\\n")
home = pathlib.Path(os.environ["HOME"])
state = home / ".claude.json"
known = json.loads(state.read_text()) if state.exists() else {{}}
known["numStartups"] = known.get("numStartups", 0) + 1
known["oauthAccount"] = {{"accessToken": "fresh " * known["numStartups"]}}
known.setdefault("projects", {{}})[os.getcwd()] = {{"allowedTools": [], "mcpServers": {{}}, "hasTrustDialogAccepted": False}}
state.write_text(json.dumps(known))
(home / ".claude/projects").mkdir(parents=True, exist_ok=True)
(home / ".claude/projects" / str(number)).write_text("what was said")
exec({plants!r}[number] if number < len({plants!r}) else "")
said = {said!r}[min(number, len({said!r}) - 1)]
answer = {{"task_id": os.environ["LOOP_TASK_ID"], "round": int(os.environ["LOOP_ROUND"]), "non_blocking_suggestions": []}}
issue = {{"severity": "high", "file": "app.txt", "reason": "It says something else.", "required_change": "Say two."}}
answer |= {{"decision": said, "blocking_issues": [] if said == "approve" else [issue]}}
print(json.dumps({{"type": "result", "is_error": False, "result": "", "structured_output": answer}}))
"""
HOOK = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "true"}]}]}}
PLANT = (
    "import json, os, pathlib; home = pathlib.Path(os.environ['HOME']); path = home / {path!r};"
    "path.parent.mkdir(parents=True, exist_ok=True);"
    "old = json.loads(path.read_text()) if path.exists() else {{}};"
    "path.write_text(json.dumps({{**old, **{added!r}}}))"
)
STOPPED = "settings of an agent program outside the tree are not as they were"


def plant(path: str = ".claude/settings.json", added: object = HOOK) -> str:
    return PLANT.format(path=path, added=added)


def runs(code: str) -> Steps:
    return [{"run": [sys.executable, "-c", code]}]


def set_up(
    folder: Path,
    *,
    worker: list[Steps] | None = None,
    plants: tuple[str, ...] = (),
    said: tuple[str, ...] = ("approve",),
    config: str = "",
) -> Stage:
    """Return a stage with a home of its own whose reviewer is the program above; `plants` are what it runs in its calls."""
    stage = Stage.set_up(folder, worker=worker, config=config)
    home = folder / "home"
    program = folder / "bin" / "claude"
    for made in (home, program.parent):
        made.mkdir()
    calls = str(folder / "called")
    text = CLAUDE.format(python=sys.executable, calls=calls, plants=plants, said=said)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    stage.env = {"HOME": str(home), "PATH": f"{program.parent}:{os.environ['PATH']}"}
    own = (stage.bus / "config.toml").read_text(encoding="utf-8")
    stage.configure(own.replace('reviewer_backend = "script"', 'reviewer_backend = "claude"'))
    return stage


def reviews(stage: Stage) -> int:
    called = stage.root.parent / "called"
    return len(called.read_text(encoding="utf-8").splitlines()) if called.exists() else 0


def home_of(stage: Stage) -> Path:
    return Path(stage.env["HOME"])


def test_what_a_program_writes_as_it_runs_is_no_difference(tmp_path):
    said = ("changes_required", "changes_required", "approve")
    stage = set_up(tmp_path, worker=[works("no\n"), works("nor\n"), works()], said=said)
    ended(stage, stage.run(), 0, paid=(3, 0))
    assert reviews(stage) == 3


def test_a_hook_of_the_worker_stops_the_run_before_the_review_and_the_person_goes_on(tmp_path):
    stage = set_up(tmp_path, worker=[[*runs(plant()), *works()]])
    result = stage.run()
    ended(stage, result, 11, says=STOPPED, paid=(1, 0))
    assert f"{home_of(stage)}/.claude/settings.json: hooks added" in result.err
    assert reviews(stage) == 0
    ended(stage, stage.run("--resume"), 0, paid=(1, 0))
    assert reviews(stage) == 1


def test_a_person_who_undoes_it_goes_on_as_before(tmp_path):
    stage = set_up(
        tmp_path, worker=[[*runs(plant()), *works("no\n")], [*runs(plant()), *works()]], said=("changes_required",)
    )
    assert stage.run().code == 11
    (home_of(stage) / ".claude/settings.json").unlink()
    ended(stage, stage.run("--resume"), 11, says="hooks added", paid=(2, 0))
    assert reviews(stage) == 1


def test_a_hook_of_a_reviewer_stops_the_run_before_the_next_review(tmp_path):
    stage = set_up(tmp_path, worker=[works("no\n"), works()], plants=(plant(),), said=("changes_required", "approve"))
    ended(stage, stage.run(), 11, says="hooks added", paid=(2, 0))
    assert reviews(stage) == 1


def test_a_hook_of_a_check_stops_the_run_before_the_review(tmp_path):
    check = f"\n[checks.planting]\nargv = {json.dumps([sys.executable, '-c', _UNLESS_BASE + plant()])}\n"
    stage = set_up(tmp_path)
    stage.configure((stage.bus / "config.toml").read_text(encoding="utf-8") + check)
    ended(stage, stage.run(env={"PLANTED": "1"}), 11, says="hooks added", paid=(1, 0))
    assert reviews(stage) == 0


_UNLESS_BASE = "import sys; open('app.txt').read() == 'two\\n' or sys.exit(0);"


KILLING = (  # the process that supervises this agent: the stand-in's parent
    "import os, pathlib, time; stat = pathlib.Path(f'/proc/{os.getppid()}/stat').read_text();"
    "os.kill(int(stat.rpartition(')')[2].split()[1]), 9); time.sleep(30)"
)


@pytest.mark.parametrize(("last", "code"), [(runs(KILLING), 143), ([{"exit": 3}], 8)])
def test_a_hook_is_found_by_whoever_resumes_after_the_round_was_cut_off(tmp_path, last: Steps, code: int):
    stage = set_up(tmp_path, worker=[[*runs(plant()), *last], works()])
    assert stage.run("--dispatch-retries", "0").code == code
    ended(stage, stage.run("--resume"), 11, says="hooks added", paid=(2, 0))


def test_who_was_stopped_for_something_else_has_accepted_nothing(tmp_path):
    moving = [{"run": ["git", "switch", "--quiet", "--create", "elsewhere"]}]
    stage = set_up(tmp_path, worker=[[*runs(plant()), *moving, *works()]])
    result = stage.run()
    assert (result.code, f"loop: {STOPPED}" in result.err) == (11, False), result.err
    stage.git("switch", "--quiet", result.standing["branch"])
    stage.git("merge", "--quiet", "elsewhere")
    result = stage.run("--resume")
    assert (result.code, f"loop: {STOPPED}" in result.err, reviews(stage)) == (11, True, 0), result.err


def test_a_program_that_a_resume_brings_in_is_taken_as_it_is_and_told(tmp_path):
    stage = set_up(tmp_path, worker=[[*runs(plant()), {"exit": 3}], works()])
    assert stage.run("--reviewer-backend", "script", "--dispatch-retries", "0").code == 8
    result = stage.run("--resume", "--reviewer-backend", "claude")
    ended(stage, result, 0, says="what the reviewer (claude) reads outside the tree counts as it is now", paid=(2, 0))
    assert reviews(stage) == 1


def test_a_program_that_another_role_had_before_is_held_against_the_beginning(tmp_path):
    stage = set_up(tmp_path, worker=[[*runs(plant(".codex/hooks.json", {"a": 1})), {"exit": 3}], works()])
    listed = ("--worker-backend", "script,codex", "--reviewer-backend")
    assert stage.run(*listed, "claude", "--dispatch-retries", "0").code == 8
    ended(stage, stage.run("--resume", *listed, "claude,codex"), 11, says="hooks.json added", paid=(2, 0))


def test_a_link_that_moves_a_tree_elsewhere_hides_nothing_from_who_resumes(tmp_path):
    """The folder above the reviewer's tree becomes a link while the hook is put, and then the round dies."""
    moving = f"import os; os.rename({str(tmp_path / 'cache')!r}, {str(tmp_path / 'c')!r});"
    moving += f"os.symlink({str(tmp_path / 'c')!r}, {str(tmp_path / 'cache')!r});"
    stage = set_up(tmp_path, worker=[[*runs(moving + plant()), {"exit": 3}], works()])
    (tmp_path / "cache").mkdir()
    assert stage.run("--dispatch-retries", "0").code == 8
    result = stage.run("--resume")
    assert (result.code, "is a symbolic link" in result.err, reviews(stage)) == (3, True, 0), result.err
    stage.cache.unlink()
    (tmp_path / "c").rename(stage.cache)
    result = stage.run("--resume")
    assert (result.code, "hooks added" in result.err, reviews(stage)) == (11, True, 0), result.err


def test_what_the_last_reviewer_left_is_told_at_the_end(tmp_path):
    stage = set_up(tmp_path, plants=(plant(),))
    result = stage.run()
    ended(stage, result, 0, says="left behind: settings of an agent program outside the tree", paid=(1, 0))
    stage.play([works("three\n")])
    stage.forget_calls()
    assert "left behind" not in stage.run("--resume").err  # a run that has ended is only looked at
    ended(stage, stage.run(), 0, paid=(1, 0))


def test_what_a_worker_left_that_failed_is_told_at_the_end(tmp_path):
    stage = set_up(tmp_path, worker=[[*runs(plant()), {"exit": 3}]])
    result = stage.run("--dispatch-retries", "0")
    ended(stage, result, 8, paid=(1, 0))
    assert [event["what"].rpartition("/")[2] for event in result.events("left_behind")] == [
        "settings.json: hooks added"
    ]


def test_a_reviewer_that_only_may_take_over_counts_too(tmp_path):
    toml = plant(".codex/hooks.json", {"hooks": {}})
    stage = set_up(tmp_path, worker=[[*runs(toml), *works()]])
    result = stage.run("--reviewer-backend", "claude,codex")
    ended(stage, result, 11, says=".codex/hooks.json added", paid=(1, 0))


def test_a_folder_that_a_variable_names_is_looked_at(tmp_path):
    code = plant("elsewhere/settings.json", {"apiKeyHelper": "sh -c true"})
    stage = set_up(tmp_path, worker=[[*runs(code), *works()]])
    result = stage.run(env={"CLAUDE_CONFIG_DIR": str(home_of(stage) / "elsewhere")})
    ended(stage, result, 11, says="elsewhere/settings.json: apiKeyHelper added", paid=(1, 0))


@pytest.mark.parametrize(
    ("path", "added", "name"),
    [
        (
            ".claude/settings.json",
            {"statusLine": {"type": "command", "command": "sh"}},
            "settings.json: statusLine added",
        ),
        (".claude/remote-settings.json", {"apiKeyHelper": "sh"}, "remote-settings.json: apiKeyHelper added"),
        (".claude/agents/mine.md", {"tools": "Bash"}, "agents/mine.md added"),
        (".claude.json", {"mcpServers": {"x": {"command": "sh"}}}, ".claude.json: mcpServers added"),
        (".config/anthropic/configs/default.json", {"base_url": "http://x"}, "configs/default.json added"),
        (".codex/rules/default.rules", {"allow": "*"}, "rules/default.rules added"),
        (".gemini/settings.json", {"mcpServers": {"x": {"command": "sh"}}}, "settings.json: mcpServers added"),
        (".gemini/extensions/x/gemini-extension.json", {"name": "x"}, "extensions/x added"),
        (".gemini/policies/mine.toml", {"rule": []}, "policies/mine.toml added"),
        (".gemini/trustedFolders.json", {"/": "TRUST_FOLDER"}, "trustedFolders.json: / added"),
        (".config/opencode/opencode.json", {"permission": {"bash": "allow"}}, "opencode.json: permission added"),
        (".config/opencode/plugin/x.js", {"run": 1}, "plugin/x.js added"),
        (".local/share/opencode/auth.json", {"http://x": {"type": "wellknown"}}, "auth.json: http://x.type added"),
        (".bashrc", {"run": 1}, ".bashrc added"),
    ],
)
def test_a_plant_is_found_wherever_a_program_would_read_it(tmp_path, path: str, added: object, name: str):
    stage = set_up(tmp_path, worker=[[*runs(plant(path, added)), *works()]])
    result = stage.run("--reviewer-backend", "claude,codex,gemini,opencode", env={"XDG_CONFIG_HOME": ""})
    ended(stage, result, 11, says=name, paid=(1, 0))
    assert reviews(stage) == 0


@pytest.mark.parametrize("name", [".mcp.json", ".claude/settings.json", "CLAUDE.md"])
@pytest.mark.parametrize("where", ["repository", "review"])
def test_what_appears_above_a_tree_is_a_difference(tmp_path, name: str, where: str):
    above = tmp_path if where == "repository" else tmp_path / "cache/loop-kit"
    path = above / name
    code = f"from pathlib import Path; p = Path({str(path)!r}); p.parent.mkdir(parents=True, exist_ok=True);"
    stage = set_up(tmp_path, worker=[[*runs(f"{code} p.write_text('x')"), *works()]])
    result = stage.run()
    assert (result.code, f"{above / name} added" in result.err) == (11, True), result.err


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 36)


def _broken(path: Path) -> None:
    path.write_text('{"hooks": ', encoding="utf-8")


def _deep(path: Path) -> None:
    path.write_text('{"hooks": ' + "[" * 100_000, encoding="utf-8")


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _round(path: Path) -> None:
    path.symlink_to(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


ODD: list[Callable[[Path], None]] = [_fifo, _huge, _broken, _deep, _dangling, _round, _folder, _device]


@pytest.mark.parametrize("make", ODD)
def test_what_cannot_be_read_is_no_crash_and_a_difference_only_when_it_is_new(tmp_path, make: Callable[[Path], None]):
    stage = set_up(tmp_path)
    settings = home_of(stage) / ".claude/settings.json"
    settings.parent.mkdir()
    make(settings)
    ended(stage, stage.run(), 0, paid=(1, 0))
    moving = f"import pathlib; pathlib.Path({str(settings)!r}).rename({str(settings) + '.old'!r});"
    swapping = moving + plant()
    stage.play([[*runs(swapping), *works("three\n")]])
    stage.forget_calls()
    ended(stage, stage.run("--reset"), 11, says=f"{settings}", paid=(1, 0))


def test_settings_that_are_a_link_are_read_where_it_leads(tmp_path):
    code = "import os, pathlib; pathlib.Path(os.environ['HOME'], 'dotfiles.json').write_text('{\"hooks\": {\"a\": 1}}')"
    stage = set_up(tmp_path, worker=[[*runs(code), *works()]])
    home = home_of(stage)
    (home / ".claude").mkdir()
    (home / "dotfiles.json").write_text('{"theme": "dark"}', encoding="utf-8")
    (home / ".claude/settings.json").symlink_to(home / "dotfiles.json")
    ended(stage, stage.run(), 11, says="settings.json: hooks added", paid=(1, 0))
