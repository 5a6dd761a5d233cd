"""From the bytes of a mail to what it says."""

from collections.abc import Sequence

from deskstream_chassis.logs import log, where
from notifier.application.inbound import PartFile, ReadMail
from notifier.domain.inbound import Marks
from notifier.infra.inbound.bodies import said_in
from notifier.infra.inbound.bounces import bounce_in
from notifier.infra.inbound.opened import Part, Unreadable, open_mail
from notifier.infra.inbound.parts import sort_parts

MOST_ADDRESSES = 300
MOST_REFERENCES = 100
LONGEST_SUBJECT = 500
LONGEST_WORD = 500
ORIGINAL = "original.eml"


def read_mail(raw: bytes) -> ReadMail:
    """See ports. What nothing can be made of keeps its original as its only file."""
    try:
        return _read(open_mail(raw))
    except Unreadable:
        log.info("mail unreadable", size=len(raw), reason="no_mail")
    except Exception as error:  # noqa: BLE001 - a mail must never be lost for what stands in it
        log.warning(
            "mail unreadable", size=len(raw), error_code=type(error).__name__, where=where(error)
        )
    return ReadMail(unreadable=True, files=(PartFile(ORIGINAL, "message/rfc822", raw),))


def _read(mail: Part) -> ReadMail:
    parts = sort_parts(mail)
    said = said_in(parts.body)
    bounce = bounce_in(mail)
    return ReadMail(
        mail_id=next(iter(_ids(mail, "Message-ID")), None),
        in_reply_to=_ids(mail, "In-Reply-To"),
        references=_ids(mail, "References"),
        thread_index=(mail.header("Thread-Index") or "")[:LONGEST_WORD] or None,
        senders=tuple((one.address, one.name) for one in mail.mailboxes("From")),
        to=_addresses(mail, "To"),
        cc=_addresses(mail, "Cc"),
        subject=(mail.header("Subject") or "")[:LONGEST_SUBJECT],
        written_at=mail.date(),
        body_html=said.html,
        body_text=said.text,
        quoted_text=said.quoted,
        files=tuple(parts.files),
        marks=Marks(
            auto_submitted=mail.header("Auto-Submitted"),
            precedence=mail.header("Precedence"),
            others=frozenset(mail.names()),
            null_return_path=mail.header("Return-Path") == "<>",
            bounce=bounce is not None,
        ),
        authentication_results=tuple(_vouched(mail)),
        bounce=bounce,
    )


def _ids(mail: Part, header: str) -> tuple[str, ...]:
    return tuple(mail.message_ids(header)[-MOST_REFERENCES:])


def _addresses(mail: Part, header: str) -> tuple[str, ...]:
    return tuple(one.address for one in mail.mailboxes(header)[:MOST_ADDRESSES])


def _vouched(mail: Part) -> Sequence[str]:
    """Our server puts its results on top; below the second `Received` anyone may have written."""
    hops = [n for n, name in enumerate(mail.names()) if name == "received"]
    last = hops[1] if len(hops) > 1 else len(mail.names())
    own = sum(name == "authentication-results" for name in mail.names()[:last])
    return mail.headers("Authentication-Results")[:own]
