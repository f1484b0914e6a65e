import os
import sys
from pathlib import Path
from typing import Any

import pytest

from loop_kit.errors import BackendError
from loop_kit.processes import spawn as module
from loop_kit.processes.spawn import spawn
from tests.processes.conftest import Stage, descriptors


def said(stage: Stage, code: str, **settings: Any) -> str:
    out, err = spawn(stage.command(code, **settings)).communicate(timeout=10)
    assert err == b""
    return out.decode().strip()


def test_the_environment_is_exactly_what_was_given(stage: Stage):
    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    assert said(stage, code, env={"ONLY": "this"}) == "['ONLY']"


def test_the_program_leads_a_session_of_its_own(stage: Stage):
    assert said(stage, "import os; print(os.getsid(0) == os.getpid() == os.getpgid(0))") == "True"


def test_one_of_our_own_leads_only_a_process_group(stage: Stage):
    code = "import os; print(os.getpgid(0) == os.getpid(), os.getsid(0))"
    assert said(stage, code, session=False) == f"True {os.getsid(0)}"


def test_standard_input_is_empty_unless_a_file_is_named(stage: Stage):
    prompt = stage.folder / "prompt"
    prompt.write_text("do it", encoding="utf-8")
    assert said(stage, "print(repr(input.__self__.open(0).read()))") == "''"
    assert said(stage, "print(repr(open(0).read()))", stdin=prompt) == "'do it'"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a pipe be widened")
def test_what_is_printed_waits_in_a_pipe_that_holds_more_than_usual(stage: Stage):
    code = "import fcntl; print(*(fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ) > 65536 for fd in (1, 2)))"
    assert said(stage, code) == "True False"


def test_a_pipe_that_may_not_be_widened_is_used_as_it_is(stage: Stage, monkeypatch):
    monkeypatch.setattr(module, "_PIPE_BYTES", -1)
    assert said(stage, "print('heard')") == "heard"


def test_only_the_descriptors_that_were_named_are_shared(stage: Stage):
    shared, kept = (os.open(stage.folder, os.O_RDONLY) for _ in range(2))
    os.set_inheritable(kept, True)
    code = (
        f"import os\nfor fd in ({shared}, {kept}):\n try: os.fstat(fd); print('open')\n except OSError: print('closed')"
    )
    try:
        assert said(stage, code, pass_fds=(shared,)).split() == ["open", "closed"]
    finally:
        os.close(shared)
        os.close(kept)


def test_a_program_is_looked_up_on_the_path_that_was_given(stage: Stage):
    tool = stage.folder / "tool"
    tool.write_text("#!/bin/sh\necho found\n", encoding="utf-8")
    tool.chmod(0o755)
    assert said(stage, "", argv=("tool",), env={"PATH": str(stage.folder)}) == "found"


def file(folder: Path, name: str, text: str, mode: int) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    (folder / name).chmod(mode)
    return str(folder / name)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"argv": ("no-such-program",)}, "the program 'no-such-program' was not found"),
        ({"argv": ("{lost}",)}, "interpreter that its first line names was not"),
        ({"argv": ("{plain}",)}, "is not executable"),
        ({"argv": ("{garbage}",)}, "is in no format that this system can run"),
        ({"argv": ("/bin/true", "x" * 3_000_000)}, "longer command line than this system can pass"),
        ({"argv": ("/bin/true", "a\0b")}, "cannot be passed: embedded null byte"),
        ({"argv": ("/bin/true", "\ud800")}, "cannot be passed"),
        ({"env": {"A=B": "c"}}, "cannot be passed: illegal environment variable name"),
        ({"cwd": Path("/no/such/folder")}, "cannot start in /no/such/folder: there is no such folder"),
        ({"stdin": Path("/no/such/prompt")}, "cannot read its input: /no/such/prompt is missing or unreadable"),
    ],
)
def test_a_program_that_cannot_be_started_is_one_sentence(stage: Stage, settings: dict[str, Any], sentence: str):
    names = {
        "{lost}": file(stage.folder, "lost", "#!/no/such/interpreter\n", 0o755),
        "{plain}": file(stage.folder, "plain", "#!/bin/sh\n", 0o644),
        "{garbage}": file(stage.folder, "garbage", "garbage\n", 0o755),
    }
    if "argv" in settings:
        settings = {**settings, "argv": tuple(names.get(word, word) for word in settings["argv"])}
    open_before = descriptors()
    with pytest.raises(BackendError) as caught:
        spawn(stage.command("", **settings))
    assert sentence in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300
    assert descriptors() == open_before
