"""Delivery reports: which mail did not arrive, and for whom."""

import logging
import re
from email.parser import BytesParser
from email.policy import compat32

from flufl.bounce import scan_message

from deskstream_chassis.logs import log, where
from notifier.application.inbound import Bounce
from notifier.infra.inbound.opened import Part

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # tracebacks may quote the mail

_STATUS = re.compile(r"^status:\s*([245])\.(\d{1,3})\.(\d{1,3})", re.IGNORECASE | re.MULTILINE)
_FAILED = re.compile(r"^action:\s*failed", re.IGNORECASE | re.MULTILINE)
_RECIPIENT = re.compile(
    r"^(?:original|final)-recipient:\s*(?:rfc822|utf-8)\s*;\s*<?([^\s<>;]+@[^\s<>;]+)>?",
    re.IGNORECASE | re.MULTILINE,
)
_ID = re.compile(r"^message-id:\s*<([^<>\s]{1,500})>", re.IGNORECASE | re.MULTILINE)
_SENDERS = ("mailer-daemon@", "postmaster@")
LONGEST = 256 * 1024
"""Bytes that the library's guesses look at; a real report is far shorter."""


def bounce_in(mail: Part) -> Bounce | None:
    """What a report by the standard says (RFC 3464), else what the library makes of the habits of
    old servers; None for a mail that is no report of a failure for good."""
    if mail.media_type == "multipart/report":
        if (mail.parameter("report-type") or "delivery-status").casefold() == "delivery-status":
            return _by_standard(mail)
        return None
    sender = next((one.address.casefold() for one in mail.mailboxes("From")), "")
    if not sender.startswith(_SENDERS):
        return None
    return _by_habit(mail)


def _by_standard(mail: Part) -> Bounce | None:
    failed: list[str] = []
    code = "5.0.0"
    for part in mail.walk():
        if part.media_type not in ("message/delivery-status", "message/global-delivery-status"):
            continue
        for group in re.split(r"\n\s*\n", _plain(part)):
            status = _STATUS.search(group)
            for_good = status is None or status[1] == "5"
            if _FAILED.search(group) and for_good:
                failed += [one.casefold() for one in _RECIPIENT.findall(group)]
                code = ".".join(status.groups()) if status else code
    if not failed:
        return None
    return Bounce(_returned(mail), tuple(dict.fromkeys(failed)), code)


def _by_habit(mail: Part) -> Bounce | None:
    raw = mail.as_bytes()
    if len(raw) > LONGEST:
        return None
    try:
        failed = scan_message(BytesParser(policy=compat32).parsebytes(raw))
    except Exception as error:  # noqa: BLE001 - guesses about a hostile mail; it stays readable
        log.info("bounce not judged", error_code=type(error).__name__, where=where(error))
        return None
    if not failed:
        return None
    addresses = tuple(one.decode("utf-8", "replace").casefold() for one in sorted(failed))
    ids = dict.fromkeys((*_returned(mail), *_ID.findall(raw.decode("utf-8", "replace"))))
    return Bounce(tuple(ids), addresses, "5.0.0")


def _returned(mail: Part) -> tuple[str, ...]:
    """Message-IDs of what came back: whole, or its headers alone."""
    found: list[str] = []
    for part in mail.walk():
        if part.media_type in ("message/rfc822", "message/global"):
            for child in part.children:
                found += child.message_ids("Message-ID")
        elif part.media_type in ("text/rfc822-headers", "message/global-headers"):
            found += _ID.findall(_plain(part))
    return tuple(dict.fromkeys(found))


def _plain(part: Part) -> str:
    return part.content.decode("utf-8", "replace").replace("\r\n", "\n")
