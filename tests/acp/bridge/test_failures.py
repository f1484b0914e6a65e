from typing import Any

import pytest

from loop_kit_acp.bridge.failures import Failure, name_error, name_stop


@pytest.mark.parametrize(
    ("code", "data", "kind"),
    [
        (-32603, {"errorKind": "authentication_failed"}, "auth"),
        (-32603, {"errorKind": "rate_limit"}, "transient"),
        (-32603, {"errorKind": "billing_error"}, "quota"),
        (-32603, {"errorKind": "something new"}, "unknown"),
        (-32603, {"codex_error_info": {"response_too_many_failed_attempts": {"http_status_code": 429}}}, "transient"),
        (-32603, {"codex_error_info": {"http_connection_failed": {"http_status_code": None}}}, "transient"),
        (-32603, {"codex_error_info": {"http_connection_failed": {"http_status_code": 403}}}, "auth"),
        (-32603, {"codex_error_info": "usage_limit_exceeded"}, "quota"),
        (-32603, {"codex_error_info": "context_window_exceeded"}, "session"),
        (-32603, {"codex_error_info": "other", "message": "unexpected status 503 Service Unavailable: x"}, "transient"),
        (-32603, {"codex_error_info": "other", "message": "it said: unexpected status 401"}, "unknown"),
        (-32603, {"codex_error_info": []}, "unknown"),
        (-32603, {"codex_error_info": {}}, "unknown"),
        (-32603, {"http_status_code": 500}, "transient"),
        (-32603, {"statusCode": 404}, "permanent"),
        (-32603, {"status": 7}, "unknown"),
        (-32603, None, "unknown"),
        (-32603, "401", "unknown"),
        (401, None, "auth"),
        (429, None, "transient"),
        (400, None, "permanent"),
        (-32000, None, "auth"),
        (-32002, None, "session"),
        (-32601, None, "permanent"),
        (None, {}, "unknown"),
        ("401", {}, "unknown"),
    ],
)
def test_a_field_names_the_kind(code: Any, data: Any, kind: str):
    assert name_error(code, "Internal error", data).kind == kind


def test_prose_names_nothing():
    assert name_error(-32603, "401 Unauthorized: rate limit, quota exceeded", {"details": "429"}).kind == "unknown"


def test_a_step_has_a_kind_of_its_own_for_what_no_field_names():
    assert name_error(-32603, "", {"details": "gone"}, otherwise="session").kind == "session"
    assert name_error(-32000, "", None, otherwise="session").kind == "auth"


def test_the_message_says_what_the_data_adds():
    assert name_error(1, "Internal error", {"details": "No sessions."}).message == "Internal error: No sessions."
    assert (
        name_error(1, "Internal error: No sessions.", {"message": "No sessions."}).message
        == "Internal error: No sessions."
    )
    assert name_error(1, " ", {"message": 7}).message == "it failed without a reason"


@pytest.mark.parametrize(("value", "seconds"), [(20, 20.0), (0.5, 0.5), (-1, None), (True, None), ("20", None)])
def test_a_wait_that_is_asked_for_is_passed_on(value: Any, seconds: float | None):
    assert name_error(429, "slow", {"retry_after": value}).retry_after == seconds
    assert ("retry_after" in name_error(429, "slow", {"retryAfter": value}).to_event()) == (seconds is not None)


def test_only_the_end_of_a_turn_is_no_failure():
    assert name_stop("end_turn") is None
    assert name_stop("max_turn_requests") == Failure(
        kind="permanent", message="it reached its own limit of requests in one turn"
    )
    assert name_stop("tired") == Failure(kind="unknown", message="the turn stopped: tired")
