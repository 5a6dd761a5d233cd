"""A mail that came in: which one it is, who may have written it, and whether to trust it."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

from deskstream_events.notifier.inbound import Automatic, Distrust, Verdict
from notifier.domain.addresses import normal

NAMESPACE = UUID("2f2a0a0f-55b1-5b0e-8d0e-7a7c8f4d2b61")
STREAM_TYPE = "notifier.inbound"


def inbound_id(mailbox: str, mail_id: str | None, raw: bytes) -> UUID:
    """The same for the same mail, whichever way it comes: the mailbox, its Message-ID and what
    stands below its headers, without regard to line ends (04 §3).

    One without a Message-ID is told from others by who wrote it, when and about what: two people
    may well have sent the same words.
    """
    top, blank, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    below = (body if blank else top).rstrip(b"\n")
    digest = hashlib.sha256(below).hexdigest()
    named = mail_id or " ".join(_told_by(top.decode("latin-1")))
    return uuid5(NAMESPACE, "\0".join((normal(mailbox), named, digest)))


def _told_by(headers: str) -> list[str]:
    unfolded = re.sub(r"\n[ \t]+", " ", headers)
    lines = (line.partition(":") for line in unfolded.split("\n"))
    return sorted(
        f"{name.strip().casefold()}:{' '.join(value.split())}"
        for name, _, value in lines
        if name.strip().casefold() in ("from", "date", "subject")
    )


def object_id(inbound: UUID, what: str, sha256: str) -> UUID:
    """Of an object that belongs to a mail: a repeated delivery finds it there."""
    return uuid5(inbound, f"{what}:{sha256}")


def mailbox_of(address: str, mailboxes: Sequence[str]) -> str | None:
    """Which of our mailboxes an address is, plus tag or not; None for a stranger's."""
    local, _, domain = normal(address).rpartition("@")
    bare = f"{local.partition('+')[0]}@{domain}"
    return next((one for one in mailboxes if normal(one) == bare), None)


@dataclass(frozen=True)
class Marks:
    """What the headers say about who, or what, wrote a mail."""

    auto_submitted: str | None = None
    precedence: str | None = None
    others: frozenset[str] = frozenset()
    """Names of headers that only lists and machines set, in lower case."""
    null_return_path: bool = False
    bounce: bool = False


def automatic(marks: Marks, sender: str | None, own: Sequence[str]) -> Automatic | None:
    """Why nobody is to answer; None where a person wrote (04 §3). The first reason that holds."""
    if marks.bounce:
        return "bounce"
    if sender is not None and mailbox_of(sender, own):
        return "own_address"
    submitted = (marks.auto_submitted or "no").partition(";")[0].strip().casefold()
    if submitted != "no" or marks.others & AUTOMATIC_HEADERS:
        return "auto_submitted"
    bulk = (marks.precedence or "").strip().casefold() in ("bulk", "junk", "list", "auto_reply")
    if bulk or marks.others & LIST_HEADERS:
        return "bulk"
    return "null_return_path" if marks.null_return_path else None


AUTOMATIC_HEADERS = frozenset(
    {
        "x-autoreply", "x-autorespond", "x-autoresponder", "x-mailer-autoreply", "x-vacation",
        "x-deskstream-correlation",
    }
)  # fmt: skip
"""Set by answering machines that know no `Auto-Submitted`, and by a desk like ours."""
LIST_HEADERS = frozenset({"list-id", "list-unsubscribe", "list-post", "x-loop", "feedback-id"})


@dataclass(frozen=True)
class Authentication:
    """What our own mail server found (RFC 8601); `aligned`: for the domain of `From`."""

    dmarc: Verdict = "unknown"
    aligned: bool = False
    lenient: bool = False
    """The sender's domain asks to let failing mail pass (`p=none`)."""

    @property
    def authenticated(self) -> bool:
        """The address in `From` is the sender's."""
        return self.dmarc == "pass" or (self.dmarc != "fail" and self.aligned)


_RESULT = re.compile(r"\b(dmarc|dkim|spf)\s*=\s*([a-z]+)((?:[^;()]|\([^()]*\))*)", re.IGNORECASE)
_VERDICTS: dict[str, Verdict] = {"pass": "pass", "fail": "fail", "none": "none"}


def authentication(
    headers: Sequence[str], authserv_id: str | None, sender: str | None
) -> Authentication:
    """From `Authentication-Results`, of which only those of `authserv_id` count."""
    dmarc: Verdict = "unknown"
    aligned = lenient = False
    domain = normal(sender).rpartition("@")[2] if sender else None
    for header in headers:
        server, _, results = header.partition(";")
        if authserv_id is None or normal(server.partition(" ")[0]) != normal(authserv_id):
            continue
        for method, result, more in _RESULT.findall(results):
            if method.casefold() == "dmarc" and dmarc == "unknown":
                dmarc = _VERDICTS.get(result.casefold(), "unknown")
                lenient = re.search(r"\bp=none\b", more, re.IGNORECASE) is not None
            elif result.casefold() == "pass" and domain and _speaks_for(more, domain):
                aligned = True
    return Authentication(dmarc, aligned, lenient)


def _speaks_for(more: str, domain: str) -> bool:
    found = re.findall(r"\b(?:header\.d|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]+)", more, re.IGNORECASE)
    return any(normal(one).rpartition("@")[2] == domain for one in found)


Trust = Literal["received"] | Distrust


def judged(found: Authentication, senders: int, *, lost_bounce: bool) -> Trust:
    """Whether a mail is passed on, or why it waits for a person."""
    if senders > 1:
        return "several_senders"
    if found.dmarc == "fail" and not found.lenient:
        return "authentication_failed"
    return "bounce_unknown" if lost_bounce else "received"


def own_message(mail_id: str, domain: str) -> UUID | None:
    """The message whose Message-ID this is, if it has the form of ours."""
    local, _, host = mail_id.rpartition("@")
    if normal(host) != domain:
        return None
    try:
        return UUID(local)
    except ValueError:
        return None


_NOT_THE_ADDRESS = ("5.2.2", "5.3.", "5.6.", "5.7.")
"""A full mailbox, a mail too large or of a kind they cannot take, a policy: it may pass again."""


def worth_suppressing(code: str) -> bool:
    """Whether a report's status says that the address itself is no good."""
    return not code.startswith(_NOT_THE_ADDRESS)
