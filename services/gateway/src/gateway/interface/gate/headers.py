"""Request headers read once and one way; what goes on, and what every answer carries."""

from collections.abc import Iterable

from deskstream_chassis.http.problem import Problem

LARGEST = 16 * 1024
"""Names, values and four bytes of frame each."""

SINGLE = frozenset(
    {
        b"host",
        b"content-length",
        b"content-type",
        b"content-encoding",
        b"transfer-encoding",
        b"connection",
        b"expect",
        b"cookie",
        b"authorization",
        b"origin",
        b"sec-fetch-site",
        b"x-csrf-token",
        b"idempotency-key",
        b"if-match",
        b"range",
        b"if-range",
        b"last-event-id",
        b"traceparent",
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-real-ip",
        b"deskstream-identity",
        b"deskstream-correlation",
        b"deskstream-background",
    }
)
"""Headers of which two, or one spelt with an underscore, would let two readers disagree."""

_FORWARDED_SINGLE = (
    b"content-type",
    b"idempotency-key",
    b"if-match",
    b"range",
    b"if-range",
)
_FORWARDED_ANY = frozenset({b"accept", b"accept-language", b"if-none-match", b"user-agent"})

_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection"})

PASSED_BACK = frozenset(
    {
        b"content-type",
        b"content-length",
        b"content-disposition",
        b"content-language",
        b"content-range",
        b"accept-ranges",
        b"etag",
        b"last-modified",
        b"location",
        b"retry-after",
        b"link",
        b"allow",
        b"vary",
        b"idempotency-replayed",
    }
)
"""What a service may say to a client. `Set-Cookie` is the gateway's own."""

POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox")
"""For the API; the gateway's own pages send one that fits them."""

SECURITY = (
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""On every answer, whatever its status."""


def bad_header(code: str = "bad_header") -> Problem:
    """400: what a careful client never sends."""
    return Problem(400, code)


class RequestHeaders:
    """The headers of one request: `single` by name, and those that may go on as they are.

    Raises Problem 400 for more than 16 KB, for a header twice that may come once, for one of these
    spelt with an underscore or holding anything but ASCII, and for a body framed two ways.
    """

    __slots__ = ("passing", "single")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        single: dict[bytes, bytes] = {}
        passing: list[tuple[bytes, bytes]] = []
        size = 0
        for name, value in raw:
            size += len(name) + len(value) + 4
            if name in SINGLE:
                if name in single or not value.isascii():
                    raise bad_header()
                single[name] = value
            elif name in _FORWARDED_ANY:
                passing.append((name, value))
            elif b"_" in name and name.replace(b"_", b"-") in SINGLE:
                raise bad_header()
        if size > LARGEST:
            raise bad_header("headers_too_large")
        self.single = single
        self.passing = passing
        if b"connection" in single:
            self._drop_listed(single[b"connection"])
        self._check_framing()

    def _drop_listed(self, connection: bytes) -> None:
        """What `Connection` lists belongs to this hop alone."""
        listed = {name.strip().lower() for name in connection.split(b",")} - _FRAMING
        for name in listed:
            self.single.pop(name, None)
        self.passing = [pair for pair in self.passing if pair[0] not in listed]

    def _check_framing(self) -> None:
        single = self.single
        length = single.get(b"content-length")
        coding = single.get(b"transfer-encoding")
        if length is not None and (coding is not None or not length.isdigit()):
            raise bad_header("bad_framing")
        if coding is not None and coding.strip().lower() != b"chunked":
            raise bad_header("bad_framing")
        if b"content-encoding" in single:
            raise Problem(415, "content_encoding_unsupported")

    @property
    def length(self) -> int | None:
        """Declared length of the body; None: it comes in chunks, or there is none."""
        length = self.single.get(b"content-length")
        return None if length is None else int(length)

    @property
    def has_body(self) -> bool:
        """Whether a body follows."""
        length = self.single.get(b"content-length")
        return (length is not None and int(length) > 0) or b"transfer-encoding" in self.single

    def onward(self) -> dict[str, str]:
        """The headers that go on to a service, before our own are added."""
        found: dict[str, str] = {}
        for name, value in self.passing:
            if value.isascii():
                text, key = value.decode("ascii"), name.decode("ascii")
                found[key] = f"{found[key]}, {text}" if key in found else text
        single = self.single
        for name in _FORWARDED_SINGLE:
            if name in single:
                found[name.decode("ascii")] = single[name].decode("ascii")
        return found
