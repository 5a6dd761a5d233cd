"""Paths and queries that two readers might read in two ways."""

import pytest

from gateway.interface.gate.paths import path_trick, query_trick

TRICKS = [
    b"//",
    b"/api//tickets",
    b"//api/tickets",
    b"/api/tickets/",
    b"/api/./tickets",
    b"/api/../internal",
    b"/api/..",
    b"/api/tickets/..%2f..",
    b"/api%2ftickets",
    b"/api%2Ftickets",
    b"/api%5ctickets",
    b"/api\\tickets",
    b"/api/%2e%2e/internal",
    b"/api/%2e/tickets",
    b"/api/.%2e/internal",
    b"/api/tickets%00",
    b"/api/tickets%0d%0aX:1",
    b"/api/tickets%7f",
    b"/api/%252e%252e/internal",
    b"/api/tickets%",
    b"/api/tickets%g1",
    b"/api/tickets%u002f",
    b"/api/tickets\x00",
    b"/api/tickets ",
    b"/api/tickets#x",
    b"/api/tickets?x",
    b"/api/tickets\xc3\xa9",
    b"/api/tickets;/..",
    b"",
    b"*",
    b"api/tickets",
    b"http://evil/api/tickets",
]


@pytest.mark.parametrize("path", TRICKS)
def test_a_path_trick_is_refused(path: bytes) -> None:
    assert path_trick(path)


@pytest.mark.parametrize("path", [b"/", b"/api/tickets", b"/api/tickets/17", b"/api/%74ickets"])
def test_a_plain_path_is_not(path: bytes) -> None:
    assert not path_trick(path)


@pytest.mark.parametrize(
    "query", [b"a=%00", b"a=%", b"a=%zz", b"a=\x00", b"a=b c", b"a=#", b"a=" + b"x" * 9000]
)
def test_a_query_trick_is_refused(query: bytes) -> None:
    assert query_trick(query)


@pytest.mark.parametrize("query", [b"", b"a=b&c=%C3%A9+x", b"cursor=eyJhIjoxfQ==&limit=50"])
def test_a_plain_query_is_not(query: bytes) -> None:
    assert not query_trick(query)
