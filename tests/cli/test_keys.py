"""No key that an agent is given, prints or hands in is to be found in anything that loop keeps or shows."""

from pathlib import Path

from tests.support.runs import Stage, ended, works

KEY = "correct-horse-battery-staple"
SHAPED = "sk-" + "A1b2C3d4" * 4
CONFIG = '\n[env]\npass = ["MY_API_KEY"]\n'


def _files_with(folder: Path, text: str) -> list[str]:
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes() and path.parent.name != "script.json.calls"
    ]


def test_keys_are_in_no_log_report_feed_or_message(tmp_path):
    says = f"my key is {KEY} and {SHAPED}"
    stage = Stage.set_up(
        tmp_path,
        worker=[
            [
                {"said": says},
                {"stderr": says},
                {"print": f"{KEY[:9]}"},
                {"print": f"{KEY[9:]}\n"},
                {"report": {}, "raw": f'{{"notes": "{says}"'},
                {"exit": 0},
            ],
            [{"said": says}, *works(report={"notes": says})],
        ],
        reviewer=[[{"fail": {"kind": "auth", "message": says}}, {"stderr": says}, {"exit": 1}]],
        config=CONFIG,
    )
    result = stage.run("--verbose", env={"MY_API_KEY": KEY})
    ended(stage, result, 8, says="failed (auth): my key is [redacted] and [redacted]", paid=(2, 1))
    assert stage.read("work_report") is not None
    for text in (KEY, SHAPED):
        assert text not in result.out + result.err
        assert _files_with(stage.bus, text) == ["script.json"]  # where the test itself put it
    assert "[redacted]" in str(stage.read("work_report"))


def test_a_diff_is_git_s_and_is_not_altered(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[works(f"fixture = '{SHAPED}'\n")])
    ended(stage, stage.run(), 0, paid=(1, 1))
    request = stage.read("review_request")
    assert request is not None
    assert SHAPED in request["diff"]
    assert SHAPED in stage.calls("reviewer")[0]["prompt"]


def test_a_check_that_prints_a_key_does_not_keep_it(tmp_path):
    check = '\n[checks.leaky]\nrun = "cat app.txt fixture.txt; exit 1"\n'
    stage = Stage.set_up(tmp_path, config=check, files={"app.txt": "one\n", "fixture.txt": f"{SHAPED}\n"})
    ended(stage, stage.run(), 0, paid=(1, 1))
    assert _files_with(stage.bus, SHAPED) == []
    assert [log for log in stage.bus.glob("logs/T-1/*leaky*") if "[redacted]" in log.read_text(encoding="utf-8")]
