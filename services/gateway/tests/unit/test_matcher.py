"""From a path to its row."""

from uuid import uuid4

import pytest

from gateway.interface.gate.matcher import Match, Matcher
from gateway.interface.gate.routes import TABLE

MATCHER = Matcher(TABLE)


def found(method: str, path: str) -> Match:
    match = MATCHER.match(method, path)
    assert isinstance(match, Match), (method, path, match)
    return match


def test_a_static_segment_wins_over_a_parameter() -> None:
    assert found("GET", "/api/tickets/failed-replies").row.path == "/api/tickets/failed-replies"
    assert found("GET", "/api/tickets/17").row.path == "/api/tickets/{id}"


def test_the_path_is_rebuilt_from_validated_parameters() -> None:
    ticket, reply = uuid4(), uuid4()
    match = found("GET", f"/api/tickets/{str(ticket).upper()}/replies/{reply}")
    assert match.parameters == {"id": str(ticket), "reply_id": str(reply)}
    assert match.path == f"/api/tickets/{ticket}/replies/{reply}"


@pytest.mark.parametrize(
    "path",
    [
        "/api/tickets/0",
        "/api/tickets/-1",
        "/api/tickets/1e3",
        "/api/tickets/١٢",
        "/api/tickets/1234567890123",
        "/api/tickets/latest",
        "/api/tickets/17/",
        "/api/tickets/17/commentz",
        f"/api/tickets/{uuid4().hex}",
        "/api/tickets/failed-replies/comments",
        "/API/tickets",
        "/api/tickets" + "/17" * 300,
        "/",
        "",
        "api/tickets",
        "/docs",
        "/openapi.json",
        "/internal/jwks",
        "/internal/ops/lag",
        "/metrics",
    ],
)
def test_whatever_is_no_row_does_not_exist(path: str) -> None:
    assert MATCHER.match("GET", path) == ()


def test_a_row_that_is_not_served_yet_does_not_exist() -> None:
    assert MATCHER.match("GET", "/api/connections") == ()
    assert MATCHER.match("POST", "/api/draft-orders") == ()


def test_a_wrong_method_learns_the_right_ones() -> None:
    assert MATCHER.match("PATCH", "/api/tickets") == ("GET", "POST")
    assert MATCHER.match("TRACE", "/api/tickets/17") == ("DELETE", "GET", "PUT")
    assert MATCHER.match("HEAD", "/api/tickets") == ("GET", "POST")


def test_what_is_remembered_is_what_was_found() -> None:
    first = found("GET", "/api/tickets/99/comments")
    assert found("GET", "/api/tickets/99/comments") is first
    assert found("POST", "/api/tickets/99/comments").row.method == "POST"
