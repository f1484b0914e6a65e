import pytest

from loop_kit.model.program import Program
from loop_kit.values.reading import read, write
from loop_kit.values.wording import FieldError


def test_a_program_comes_back_as_it_went():
    program = Program(path="/usr/bin/codex", stamp="1-2", version="codex-cli 0.169.0")
    assert read(Program, write(program)) == program


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ([], "$.programs.codex: it should be an object, not a list"),
        ({"path": "/x", "stamp": ""}, "$.programs.codex.version: it is missing"),
        ({"path": "/x", "stamp": "", "version": "", "size": 1}, "$.programs.codex.size: there is no such field"),
    ],
)
def test_a_wrong_program_is_refused_by_its_path(entry, sentence):
    with pytest.raises(FieldError) as refused:
        read(Program, entry, "$.programs.codex")
    assert str(refused.value) == sentence
