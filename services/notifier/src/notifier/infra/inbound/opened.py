"""A mail taken apart: every header and part is read through here.

The mail is parsed once, under the policy that forgives everything. Each header is then read as the
standard library's modern policy reads it; hostile ones make that raise or take long, and these are
read in the plain way. Nothing here raises but `open_mail`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32, default
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from typing import Any, TypeVar

from notifier.infra.inbound.charsets import storable, text_of

A = TypeVar("A")
B = TypeVar("B")
LONGEST_HEADER = 12_000
"""Letters up to which the modern policy reads a header: it is quadratic in hostile ones."""
LONGEST_ADDRESS = 320
MOST_PARTS = 1000
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")
_BETWEEN = re.compile(r"[\s<>,;:\"()\[\]\\]+")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
_TOKEN = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")


class Unreadable(Exception):
    """Nothing can be made of these bytes as a mail."""


@dataclass(frozen=True)
class Mailbox:
    """An address with its name."""

    address: str
    name: str | None


class Part:
    """A mail, or a part of one."""

    def __init__(self, message: "Message[str, str]") -> None:
        self._message = message

    def headers(self, name: str) -> list[str]:
        """All of that name from the top, decoded, each one line."""
        wanted = name.lower()
        found = [raw for key, raw in self._message.raw_items() if key.lower() == wanted]
        return [_one_line(_decoded(_text(raw))) for raw in found]

    def header(self, name: str) -> str | None:
        """The first of that name."""
        return next(iter(self.headers(name)), None)

    def names(self) -> list[str]:
        """Names of all headers, from the top, in lower case."""
        return [key.lower() for key in self._message]

    def mailboxes(self, name: str) -> list[Mailbox]:
        """Addresses of all headers of that name, each once."""
        wanted = name.lower()
        found: dict[str, Mailbox] = {}
        for key, raw in self._message.raw_items():
            if key.lower() == wanted:
                for one in _addresses(_text(raw)):
                    found.setdefault(one.address.casefold(), one)
        return list(found.values())

    def message_ids(self, name: str) -> list[str]:
        """Message-IDs of a header, without angle brackets, in order, each once."""
        return list(dict.fromkeys(_MESSAGE_ID.findall(" ".join(self.headers(name)))))

    def date(self) -> datetime | None:
        """What `Date` says; None where it is no instant."""
        try:
            found = parsedate_to_datetime(self.header("Date") or "")
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None

    @property
    def media_type(self) -> str:
        """In lower case; octets where it cannot be read."""
        found = _safely(self._message.get_content_type, "application/octet-stream").lower()
        return found if _TOKEN.fullmatch(found) else "application/octet-stream"

    def parameter(self, name: str, header: str = "Content-Type") -> str | None:
        """A parameter of a header, RFC 2231 and encoded words undone."""

        wanted = header.lower()

        def read() -> str | None:
            raw = next((raw for key, raw in self._message.raw_items() if key.lower() == wanted), "")
            readable: Message[str, str] = Message(policy=compat32)
            readable[header] = _flat(_text(raw))
            found: Any = readable.get_param(name, header=header)
            if found is None:
                return None
            plain = isinstance(found, str)
            text = found if plain else collapse_rfc2231_value(found)
            return _one_line(_words(_bytes_of(text)) if plain else storable(text))

        return _safely(read, None)

    @property
    def disposition(self) -> str:
        """`attachment`, `inline` or nothing."""
        return _safely(self._message.get_content_disposition, None) or ""

    @property
    def file_name(self) -> str | None:
        """As given by the sender: never a path of ours."""
        return self.parameter("filename", "Content-Disposition") or self.parameter("name")

    @property
    def content_id(self) -> str | None:
        """What `cid:` links name."""
        return (self.header("Content-ID") or "").strip(" <>") or None

    @property
    def is_multipart(self) -> bool:
        """It has parts instead of content."""
        return self._message.is_multipart() and self.media_type != "message/rfc822"

    @property
    def children(self) -> list["Part"]:
        """Its parts; those of an attached mail are its own affair."""
        payload: Any = self._message.get_payload() if self._message.is_multipart() else []
        return [Part(one) for one in payload if isinstance(one, Message)]

    @property
    def content(self) -> bytes:
        """The decoded bytes; of an attached mail the mail itself."""
        if self._message.is_multipart():
            return b"\r\n".join(_safely(child.as_bytes, b"") for child in self.children)
        found: Any = _safely(lambda: self._message.get_payload(decode=True), None)
        if isinstance(found, bytes):
            return found
        return _bytes_of(str(_safely(self._message.get_payload, "")))

    @property
    def text(self) -> str:
        """The content as text."""
        return text_of(self.content, self.parameter("charset")).replace("\r\n", "\n")

    def as_bytes(self) -> bytes:
        """The part as it travelled, headers included."""
        return _safely(self._message.as_bytes, b"") or _safely(
            lambda: _bytes_of(self._message.as_string()), b""
        )

    def walk(self) -> Iterator["Part"]:
        """Itself and all below but what is inside attached mails, at most MOST_PARTS."""
        waiting, count = [self], 0
        while waiting and count < MOST_PARTS:
            part = waiting.pop(0)
            count += 1
            yield part
            if part.is_multipart:
                waiting[:0] = part.children


def open_mail(raw: bytes) -> Part:
    """Raises Unreadable for what has no header at all, or is nested beyond reason."""
    try:
        message = BytesParser(policy=compat32).parsebytes(raw)
    except (ValueError, LookupError, TypeError, RecursionError, AttributeError, AssertionError):
        raise Unreadable from None
    if not message.keys():
        raise Unreadable
    return Part(message)


def _safely(read: Callable[[], A], otherwise: B) -> A | B:
    try:
        return read()
    except Exception:  # noqa: BLE001 - the standard library raises anything for hostile input
        return otherwise


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: object) -> str:
    """The raw header; 8-bit bytes in it, which may not be there, as UTF-8 or Windows-1252."""
    return text_of(_bytes_of(str(raw)), None)


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", storable(text)).strip()


def _decoded(raw: str) -> str:
    if "=?" not in raw:
        return raw
    if len(raw) <= LONGEST_HEADER:
        modern: str | None = _safely(
            lambda: str(default.header_factory("Subject", _flat(raw))), None
        )
        if modern is not None and "\ufffd" not in modern:
            return modern
    return _words(_bytes_of(raw))


def _flat(raw: str) -> str:
    return raw.replace("\r", "").replace("\n", "")


def _words(raw: bytes) -> str:
    """Encoded words decoded by hand, by charsets as lenient as those of bodies."""
    text = text_of(raw, None)
    chunks = _safely(lambda: decode_header(text), [(text, None)])
    return "".join(
        text_of(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in chunks
    )


def _addresses(raw: str) -> list[Mailbox]:
    if len(raw) <= LONGEST_HEADER:
        modern = _safely(lambda: _modern_addresses(raw), [])
        if modern:
            return list(modern)
    pieces = (one.strip(".'") for one in _BETWEEN.split(raw))
    return [Mailbox(one, None) for one in pieces if _is_address(one)]


def _is_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain and len(text) <= LONGEST_ADDRESS


def _modern_addresses(raw: str) -> list[Mailbox]:
    header: Any = default.header_factory("To", _flat(raw))
    found = []
    for one in header.addresses:
        address = _one_line(one.addr_spec)
        if _is_address(address) and not _BETWEEN.search(address):
            found.append(Mailbox(address, _one_line(_words(_bytes_of(one.display_name))) or None))
    return found
