"""What each backend makes of the two words is in tests/backends/test_base.py."""

from loop_kit.model.roles import Access, Answer


def test_the_words_are_those_that_stand_in_documents_and_command_lines():
    assert [str(each) for each in Access] == ["read", "write"]
    assert [str(each) for each in Answer] == ["file", "form", "text"]
