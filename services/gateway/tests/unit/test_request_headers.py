"""Headers are read once and one way."""

import pytest

from deskstream_chassis.http.problem import Problem
from gateway.interface.gate.headers import RequestHeaders


def refusal(*headers: tuple[bytes, bytes]) -> str:
    with pytest.raises(Problem) as refused:
        RequestHeaders(headers)
    assert refused.value.status in {400, 415}
    return refused.value.code


@pytest.mark.parametrize(
    "name",
    [b"host", b"authorization", b"cookie", b"content-length", b"origin", b"x-forwarded-for"],
)
def test_a_security_header_comes_once(name: bytes) -> None:
    assert refusal((name, b"1"), (name, b"1")) == "bad_header"


@pytest.mark.parametrize(
    "name",
    [b"x_forwarded_for", b"deskstream_identity", b"content_length", b"x_csrf-token", b"if_match"],
)
def test_a_security_header_is_not_spelt_with_an_underscore(name: bytes) -> None:
    assert refusal((name, b"1")) == "bad_header"


def test_sixteen_kilobytes_of_headers_are_enough() -> None:
    RequestHeaders([(b"x-padding", b"a" * (16 * 1024 - 13))])
    assert refusal((b"x-padding", b"a" * (16 * 1024 - 12))) == "headers_too_large"
    many = [(f"x-{n}".encode(), b"a" * 90) for n in range(200)]
    assert refusal(*many) == "headers_too_large"


@pytest.mark.parametrize(
    "headers",
    [
        ((b"content-length", b"5"), (b"transfer-encoding", b"chunked")),
        ((b"content-length", b"+5"),),
        ((b"content-length", b"5, 5"),),
        ((b"content-length", b""),),
        ((b"transfer-encoding", b"gzip, chunked"),),
        ((b"transfer-encoding", b"identity"),),
    ],
)
def test_a_body_is_framed_one_way(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    assert refusal(*headers) == "bad_framing"


def test_a_compressed_body_is_not_taken() -> None:
    assert refusal((b"content-encoding", b"gzip")) == "content_encoding_unsupported"


def test_only_listed_headers_go_on() -> None:
    read = RequestHeaders(
        [
            (b"accept", b"application/json"),
            (b"accept", b"text/html"),
            (b"user-agent", b"curl"),
            (b"content-type", b"application/json"),
            (b"idempotency-key", b"k1"),
            (b"cookie", b"__Host-sid=secret"),
            (b"authorization", b"Bearer secret"),
            (b"deskstream-identity", b"forged"),
            (b"deskstream-correlation", b"forged"),
            (b"traceparent", b"00-1-2-3"),
            (b"x-forwarded-for", b"10.0.0.1"),
            (b"forwarded", b"for=10.0.0.1"),
            (b"te", b"trailers"),
            (b"upgrade", b"h2c"),
            (b"x-anything", b"1"),
        ]
    )
    assert read.onward() == {
        "accept": "application/json, text/html",
        "user-agent": "curl",
        "content-type": "application/json",
        "idempotency-key": "k1",
    }


def test_what_connection_lists_belongs_to_this_hop() -> None:
    read = RequestHeaders(
        [
            (b"connection", b"close, Idempotency-Key, accept, cookie, host, content-length"),
            (b"host", b"h"),
            (b"content-length", b"3"),
            (b"idempotency-key", b"k1"),
            (b"accept", b"*/*"),
            (b"cookie", b"__Host-sid=x"),
        ]
    )
    assert read.onward() == {}
    assert b"cookie" not in read.single
    assert read.single[b"host"] == b"h"
    assert read.length == 3


def test_letters_outside_ascii_are_refused_where_they_matter_and_dropped_elsewhere() -> None:
    assert refusal((b"idempotency-key", "schlüssel".encode())) == "bad_header"
    assert RequestHeaders([(b"user-agent", "ü".encode())]).onward() == {}
