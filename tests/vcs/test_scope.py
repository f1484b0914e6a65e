import pytest

from loop_kit.errors import DocumentError
from loop_kit.vcs.scope import Scope, names_in, outside

PATHS = ("src/app/main.py", "src/app/test_main.py", "docs/index.md", "README.md", "my notes.txt")


def read(*entries: str) -> Scope:
    return Scope.read(entries, names_in(lambda: PATHS))


def left(in_scope: tuple[str, ...], out_of_scope: tuple[str, ...] = ()) -> list[str]:
    return outside(PATHS, read(*in_scope), read(*out_of_scope))


def test_an_empty_scope_means_everything():
    assert left(()) == []


def test_a_scope_of_prose_means_everything():
    assert left(("only the parser, please", "documentation", "# a comment", "  ", "!")) == []


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        ("src/", {"src/app/main.py", "src/app/test_main.py"}),
        ("src", {"src/app/main.py", "src/app/test_main.py"}),
        ("./src/app", {"src/app/main.py", "src/app/test_main.py"}),
        ("app", {"src/app/main.py", "src/app/test_main.py"}),
        ("/app", set[str]()),
        ("*.md", {"docs/index.md", "README.md"}),
        ("/*.md", {"README.md"}),
        ("src/**/test_*", {"src/app/test_main.py"}),
        ("README.md", {"README.md"}),
        ("my notes.txt", {"my notes.txt"}),
        (".", set(PATHS)),
        ("./", set(PATHS)),
        ("**", set(PATHS)),
        ("src/not/there.py", set[str]()),
    ],
)
def test_an_entry_is_a_gitignore_pattern(entry: str, covered: set[str]):
    scope = read(entry)
    assert scope.prose == ()
    assert {path for path in PATHS if scope.covers(path)} == covered


def test_prose_is_kept_for_people_and_decides_nothing():
    scope = read("src/", "the error messages", "parser", "src/ and what belongs to it")
    assert scope.patterns == ("src/",)
    assert scope.prose == ("the error messages", "parser", "src/ and what belongs to it")


def test_a_word_that_names_something_is_a_pattern():
    assert read("docs").patterns == ("docs",)
    assert Scope.read(["docs"], lambda _: False).prose == ("docs",)


def test_the_paths_are_fetched_only_when_an_entry_could_be_prose():
    def paths() -> tuple[str, ...]:
        raise AssertionError("nobody should have asked")

    assert Scope.read(["src/", "*.py"], names_in(paths)).patterns == ("src/", "*.py")


def test_a_negation_takes_out_what_was_covered():
    assert left(("src/", "!src/app/test_main.py")) == [
        "src/app/test_main.py",
        "docs/index.md",
        "README.md",
        "my notes.txt",
    ]
    assert left(("src/", "!src/app/"))[:2] == ["src/app/main.py", "src/app/test_main.py"]


def test_negations_alone_mean_everything_else():
    assert left(("!docs/",)) == ["docs/index.md"]
    assert left(("!docs",)) == ["docs/index.md"]
    assert left(("!app",)) == ["src/app/main.py", "src/app/test_main.py"]


def test_out_of_scope_wins():
    assert left(("src/",), ("test_*.py",)) == ["src/app/test_main.py", "docs/index.md", "README.md", "my notes.txt"]
    assert left((), ("docs/",)) == ["docs/index.md"]


def test_an_entry_that_no_pattern_can_be_is_refused_by_name():
    with pytest.raises(DocumentError, match="task_card scope: "):
        read("src/***/\\")
