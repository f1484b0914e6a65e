import pytest

from loop_kit.errors import DocumentError
from loop_kit.model import schema
from loop_kit.model.names import before_name, check_task_id, is_before, is_run_name, is_task_id, name_run
from tests.support import documents

GOOD = ("T-001", "a", "7", "fix_login.v2", "A" * 64, "a.locked", "x.LOCK", "a-.-b")
BAD = (
    "",
    ".",
    "..",
    "a..b",
    "-a",
    ".a",
    "_a",
    "a/b",
    "a b",
    "a\n",
    "a@2",
    "é",
    "a.",
    "a.lock",
    "A" * 65,
    "a\0b",
    "a~1",
    "a:b",
)


@pytest.mark.parametrize("name", GOOD)
def test_a_name_safe_for_paths_and_refs_is_taken(name):
    assert check_task_id(name) == name


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_could_leave_its_folder_or_break_a_ref_is_refused(name):
    with pytest.raises(DocumentError, match=r"task_card \$\.task_id: .* cannot be used as a name") as refused:
        check_task_id(name)
    assert "starting with a letter or digit" in refused.value.hint


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_the_schema_of_the_card_draws_the_same_line(name):
    assert (schema.find_problem("task_card", {**documents.card(), "task_id": name}) is None) == is_task_id(name)


def test_the_first_run_of_a_task_is_at_its_own_name_and_later_ones_are_numbered():
    assert [name_run("T-001", run) for run in (1, 2, 13)] == ["T-001", "T-001@2", "T-001@13"]


@pytest.mark.parametrize("run", [1, 2, 9, 10, 99, 12345])
def test_every_place_that_is_made_is_recognised(run):
    assert is_run_name(name_run("T-001", run))


@pytest.mark.parametrize(
    "run_name",
    [
        "",
        "T-001@",
        "T-001@1",
        "T-001@0",
        "T-001@02",
        "T-001@-2",
        "T-001@2@3",
        "../T@2",
        "a.lock@2",
        "a.@2",
        "T@2\n",
        "@2",
    ],
)
def test_what_no_run_is_called_is_no_run_name(run_name):
    assert not is_run_name(run_name)


@pytest.mark.parametrize("name", GOOD)
def test_what_was_there_before_loop_has_a_name_that_no_run_ever_gets(name):
    assert is_before(before_name(name))
    assert not is_run_name(before_name(name))
    assert not any(is_before(name_run(name, run)) for run in (1, 2, 10))


@pytest.mark.parametrize("name", ["@0", "../x@0", "T-1@00", "T-1@0@0", "T-1@", "T-1"])
def test_other_names_are_none_from_before_loop(name):
    assert not is_before(name)
