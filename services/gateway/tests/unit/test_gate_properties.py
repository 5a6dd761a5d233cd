"""What must hold for any input."""

import re
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from deskstream_chassis.http.problem import Problem
from gateway.domain.quota import Quota, weigh
from gateway.interface.gate.credentials import presented_key, session_cookie
from gateway.interface.gate.headers import RequestHeaders
from gateway.interface.gate.matcher import Match, Matcher
from gateway.interface.gate.paths import path_trick
from gateway.interface.gate.routes import TABLE

MATCHER = Matcher(TABLE)
PIECES = [
    "api",
    "tickets",
    "12",
    "auth",
    "login",
    "..",
    ".",
    "",
    "%2e",
    "%2f",
    "%00",
    "\\",
    "é",
    "x",
]
PATHS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=6).map(
    lambda pieces: "/" + "/".join(pieces)
)


@given(PATHS, st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
def test_only_plain_paths_of_the_table_ever_go_on(raw: str, method: str) -> None:
    wire = raw.encode("utf-8", "surrogatepass")
    if path_trick(wire):
        return
    found = MATCHER.match(method, unquote(raw))
    if isinstance(found, Match):
        assert re.fullmatch(r"(/[a-z0-9_-]+)+", found.path)
        shape = re.sub(r"\{\w+\}", "[^/]+", found.row.path)
        assert re.fullmatch(shape, found.path)


@given(st.binary(max_size=60))
def test_any_bytes_as_a_path_are_refused_or_plain(raw: bytes) -> None:
    if not path_trick(raw):
        decoded = unquote(raw.decode("ascii"), errors="replace")
        assert raw.startswith(b"/")
        assert "\\" not in decoded
        assert "\x00" not in decoded
        assert not {"", ".", ".."} & set(decoded.split("/")[1:]) or raw == b"/"


NAMES = st.sampled_from(
    [
        b"host",
        b"cookie",
        b"content-length",
        b"content_length",
        b"transfer-encoding",
        b"connection",
        b"deskstream-identity",
        b"user-agent",
        b"x-other",
    ]
)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=20)), max_size=8))
def test_whatever_goes_on_is_ascii_and_carries_no_proof(raw: list[tuple[bytes, bytes]]) -> None:
    try:
        onward = RequestHeaders(raw).onward()
    except Problem:
        return
    assert set(onward) <= {"user-agent"}
    assert all(value.isascii() for value in onward.values())


@given(st.binary(max_size=80).filter(bytes.isascii))
def test_no_header_breaks_the_reading_of_credentials(value: bytes) -> None:
    for found in (session_cookie(value), presented_key(value)):
        assert found is None or isinstance(found, str)


@given(
    rate=st.integers(1, 600),
    burst=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 5, allow_nan=False), min_size=1, max_size=200),
)
def test_no_window_ever_sees_more_than_the_burst_and_the_rate(
    rate: int, burst: int, gaps: list[float]
) -> None:
    now = 0.0
    quota, full_at = Quota("q", rate, 60, burst), 0.0
    passed: list[float] = []
    for gap in gaps:
        now += gap
        verdict, full_at = weigh(quota, full_at, now)
        if verdict.allowed:
            passed.append(now)
            assert 0 <= verdict.remaining < burst
        else:
            assert verdict.retry_after >= 1
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            allowed = burst + (passed[last] - start) * rate / 60
            assert last - first + 1 <= allowed + 1e-6
