"""What is a message; how lines are read is shown with real processes in test_run.py."""

import json

import pytest

from loop_kit_acp.bridge.lines import read_message


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"words",
        b"[]",
        b"5",
        b"null",
        b'"x"',
        b"{",
        b'{"method": 5}',
        b'{"id": []}',
        b'{"id": 1.5}',
        b"\xff",
        b'{"a":' * 9999,
    ],
)
def test_a_line_of_another_form_is_no_message(line: bytes):
    assert read_message(line) is None


@pytest.mark.parametrize("error", ["no", 7, [], {}, {"code": "x", "message": "m"}, {"code": 1}])
def test_an_error_gets_the_form_that_the_client_library_reads(error: object):
    message = read_message(b'{"id": 1, "error": %s}' % json.dumps(error).encode())
    assert message == {"id": 1, "error": {"code": -32603, "message": str(error)}}


def test_what_is_well_formed_stays_as_it_is():
    assert read_message(b' {"id": 1, "error": {"code": 1, "message": "m", "data": 2}}') == {
        "id": 1,
        "error": {"code": 1, "message": "m", "data": 2},
    }
    assert read_message(b'{"id": "a", "method": "x"}') == {"id": "a", "method": "x"}
