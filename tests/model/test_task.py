import pytest

from loop_kit.errors import DocumentError
from loop_kit.model.documents import read
from loop_kit.model.task import Criterion, TaskCard
from tests.support import documents


def test_a_card_in_full_is_read():
    card = read(
        TaskCard,
        {
            **documents.card(),
            "acceptance_criteria": [
                "3700 is 1h 1m 40s.",
                {"text": "All tests pass.", "check": "tests"},
                {"text": "It is fast."},
            ],
            "in_scope": ["src/"],
            "out_of_scope": ["src/vendor/"],
            "constraints": ["No new dependency."],
            "depends_on": ["T-000"],
        },
    )
    assert card == TaskCard(
        task_id="T-001",
        goal="Long durations are shown in hours.",
        acceptance_criteria=(
            Criterion(text="3700 is 1h 1m 40s."),
            Criterion(text="All tests pass.", check="tests"),
            Criterion(text="It is fast."),
        ),
        in_scope=("src/",),
        out_of_scope=("src/vendor/",),
        constraints=("No new dependency.",),
        depends_on=("T-000",),
    )


def test_a_card_of_the_original_format_is_read():
    card = read(
        TaskCard,
        {
            "task_id": "T-001",
            "status": "todo",
            "goal": "Say hello.",
            "in_scope": ["hello.txt"],
            "out_of_scope": [],
            "acceptance_criteria": [],
            "constraints": [],
        },
    )
    assert card.in_scope == ("hello.txt",)


def test_fields_of_the_persons_own_do_no_harm():
    assert read(TaskCard, {**documents.card(), "ticket": 7, "x-team": {"lead": None}}).task_id == "T-001"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"goal": ""}, "card.json $.goal: it is blank"),
        ({"goal": " \n"}, "card.json $.goal: it is blank"),
        ({"goal": 7}, "card.json $.goal: it should be a text, not 7"),
        ({"goal": "x" * 100_001}, "card.json $.goal: it is longer than 100000 characters"),
        ({"acceptance_criteria": "works"}, "card.json $.acceptance_criteria: it should be a list, not 'works'"),
        ({"acceptance_criteria": [""]}, "card.json $.acceptance_criteria[0]: it is blank"),
        (
            {"acceptance_criteria": ["a", 1]},
            "card.json $.acceptance_criteria[1]: it should be a text or an object, not 1",
        ),
        ({"acceptance_criteria": [{"check": "tests"}]}, "card.json $.acceptance_criteria[0].text: it is missing"),
        ({"acceptance_criteria": ["a"] * 201}, "card.json $.acceptance_criteria: it has more than 200 entries"),
        ({"in_scope": ["a", None]}, "card.json $.in_scope[1]: it should be a text, not null"),
        ({"checks": [{"argv": ["make"]}]}, "card.json $.checks[0].name: it is missing"),
    ],
)
def test_a_wrong_card_is_refused_in_one_sentence(change, sentence):
    with pytest.raises(DocumentError) as refused:
        read(TaskCard, {**documents.card(), **change}, name="card.json")
    assert refused.value.message == sentence
    assert refused.value.hint == "the rules are in schemas/task_card.schema.json"


@pytest.mark.parametrize("field", ["task_id", "goal", "acceptance_criteria"])
def test_what_every_card_needs_is_missed_by_name(field):
    document = documents.card()
    del document[field]
    with pytest.raises(DocumentError) as refused:
        read(TaskCard, document)
    assert refused.value.message == f"task_card $.{field}: it is missing"


def test_a_dependency_that_would_leave_the_archive_is_refused():
    with pytest.raises(
        DocumentError, match=r"task_card \$\.depends_on\[0\]: it should be up to 64 letters.*not '\.\./T-000'"
    ):
        read(TaskCard, {**documents.card(), "depends_on": ["../T-000"]})
