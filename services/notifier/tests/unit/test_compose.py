"""What stands in the mails: headers, words, files."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.policy import default
from typing import get_args
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.sealed import Sealer
from deskstream_events.notifier.message import Kind
from notifier.application.mail import LoadedFile
from notifier.domain.addresses import Recipient
from notifier.domain.errors import BadAddress, LinkUnreadable
from notifier.domain.letter import Letter
from notifier.domain.threading import Thread, Written, thread
from notifier.infra.mail.compose import Composer, House

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TICKET = UUID("01990000-0000-7000-8000-000000000001")
HOUSE = House("support@shop.test", "shop.test", "Customer support", "https://desk.shop.test")
COMPOSER = Composer(
    HOUSE, unseal=lambda sealed: f"open+{sealed}", reply_address=lambda _: "support+TOKEN@shop.test"
)

FACTS: dict[str, str | int] = {
    "name": "Ann",
    "sealed_token": "s/1",
    "waiting_name": "Mia <b>",
    "waiting_address": "mia@shop.test",
    "role": "agent",
    "device": "Firefox, Linux",
    "at": "02 March 2026, 12:00 UTC",
    "number": 17,
    "ticket_subject": "Is <acetone> shipped?",
    "author_name": "Zoë Ärmel",
    "body_html": "<p>Yes</p><script>alert(1)</script>",
    "body_text": "Yes",
}


def letter(kind: Kind, **changes: object) -> Letter:
    known = {
        "verification": ("sealed_token",),
        "password_reset": ("name", "sealed_token"),
        "admin_user_waiting": ("name", "waiting_name", "waiting_address"),
        "user_approved": ("name", "role"),
        "factor_enabled": ("name",),
        "factor_disabled": ("name",),
        "new_device": ("name", "device", "at"),
        "ticket_acknowledged": ("number", "ticket_subject", "name"),
        "ticket_assigned": ("number", "ticket_subject", "name"),
        "reply": ("number", "ticket_subject", "author_name", "body_html", "body_text"),
    }
    about_ticket = kind in ("ticket_acknowledged", "ticket_assigned", "reply")
    base = Letter(
        message_id=uuid4(),
        kind=kind,
        to=(Recipient("ann@example.org", "Ann"),),
        ticket_id=TICKET if about_ticket else None,
        facts={name: FACTS[name] for name in known[kind]},
        expires_at=AT if "sealed_token" in known[kind] else None,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def compose(one: Letter, *files: LoadedFile, sent: tuple[str, ...] = ()) -> EmailMessage:
    mails = [Written(mail_id, ours=True) for mail_id in sent]
    mail = COMPOSER.compose(
        one, thread(one.ticket_id, mails, "shop.test"), files, at=AT, correlation_id="corr-1"
    )
    assert b"\n" not in mail.content.replace(b"\r\n", b"")
    message = message_from_bytes(mail.content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def words(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_has_a_subject_and_both_texts(kind: Kind) -> None:
    message = compose(letter(kind))
    assert message["Subject"].strip()
    assert words(message, "plain").strip()
    assert "</html>" in words(message, "html")
    assert message["Message-ID"].endswith("@shop.test>")
    assert message["X-Deskstream-Correlation"] == "corr-1"
    assert (message["Auto-Submitted"] is None) == (kind == "reply")


@pytest.mark.parametrize(
    ("kind", "page"), [("verification", "verify-email"), ("password_reset", "reset-password")]
)
def test_the_link_carries_the_opened_token_escaped(kind: Kind, page: str) -> None:
    text = words(compose(letter(kind)))
    assert f"https://desk.shop.test/{page}?token=open%2Bs%2F1" in text
    assert "02 March 2026, 12:00 UTC" in text


def test_a_link_that_does_not_open_is_not_mailed() -> None:
    right, wrong = Sealer(bytes(32), "mail-link"), Sealer(bytes(range(32)), "mail-link")
    composer = Composer(HOUSE, unseal=right.unseal, reply_address=lambda _: "x@shop.test")
    one = letter("verification", facts={"sealed_token": wrong.seal("t")})
    with pytest.raises(LinkUnreadable):
        composer.compose(one, Thread(), (), at=AT, correlation_id="c")


def test_html_is_escaped_and_a_replys_html_cleaned() -> None:
    waiting = compose(letter("admin_user_waiting"))
    assert "Mia &lt;b&gt;" in words(waiting, "html")
    assert "Mia <b>" in words(waiting, "plain")
    reply = words(compose(letter("reply")), "html")
    assert "<p>Yes</p>" in reply
    assert "script" not in reply


@pytest.mark.parametrize("kind", ["ticket_acknowledged", "reply"])
def test_answers_of_a_customer_come_back_to_the_ticket(kind: Kind) -> None:
    message = compose(letter(kind))
    assert message["Reply-To"] == "support+TOKEN@shop.test"


def test_mails_to_staff_carry_no_ticket_token() -> None:
    assert compose(letter("ticket_assigned"))["Reply-To"] is None


def test_a_reply_comes_from_its_author_at_the_support_address() -> None:
    header = compose(letter("reply"))["From"]
    assert isinstance(header, AddressHeader)
    assert header.addresses[0].display_name == "Zoë Ärmel"
    assert header.addresses[0].addr_spec == "support@shop.test"
    assert "Customer support" in str(compose(letter("ticket_acknowledged"))["From"])


def test_a_reply_refers_to_the_mails_before_it() -> None:
    one = letter("reply", cc=(Recipient("bob@example.org"),))
    message = compose(one, sent=("a@shop.test", "b@shop.test"))
    assert message["In-Reply-To"] == "<b@shop.test>"
    assert message["References"].split() == [
        f"<ticket-{TICKET}@shop.test>",
        "<a@shop.test>",
        "<b@shop.test>",
    ]
    assert message["Message-ID"] == f"<{one.message_id}@shop.test>"
    assert message["Cc"] == "bob@example.org"
    assert message["Subject"] == "Re: Is <acetone> shipped? (#17)"


@pytest.mark.parametrize("length", [60, 77, 220])
def test_a_long_message_id_is_referred_to_as_it_is(length: int) -> None:
    long = "A" * length + "=+1@mail.outlook.test"
    mail = COMPOSER.compose(
        letter("reply"), Thread((long, long)), (), at=AT, correlation_id="corr-1"
    )
    lines = mail.content.decode("ascii").split("\r\n")
    assert f"In-Reply-To: <{long}>" in lines
    place = lines.index(f"References: <{long}>")
    assert lines[place + 1] == f" <{long}>"


@pytest.mark.parametrize("evil", ["x\r\nBcc: spy@example.org", "x\nBcc: spy@example.org", "x\x00y"])
def test_no_header_can_be_injected(evil: str) -> None:
    one = letter("reply", to=(Recipient("ann@example.org", evil),))
    facts = {**one.facts, "ticket_subject": evil, "author_name": evil}
    file = LoadedFile(f"{evil}.pdf", "application/pdf", b"%PDF")
    message = compose(replace(one, facts=facts), file)
    assert message["Bcc"] is None
    assert [part["Bcc"] for part in message.walk()] == [None] * len(list(message.walk()))


def test_a_mail_whose_first_recipient_is_left_out_has_copies_only() -> None:
    message = compose(letter("reply", to=(), cc=(Recipient("bob@example.org"),)))
    assert (message["To"], message["Cc"]) == (None, "bob@example.org")


def test_a_file_arrives_byte_for_byte_under_its_name() -> None:
    content = bytes(range(256)) * 300
    message = compose(letter("reply"), LoadedFile("Übersicht 1.pdf", "application/pdf", content))
    (part,) = message.iter_attachments()
    assert part.get_content() == content
    assert part.get_filename() == "Übersicht 1.pdf"
    assert part.get_content_type() == "application/pdf"


def test_a_text_file_is_not_changed_by_line_ends() -> None:
    content = b"a\nb\r\nc\x80"
    message = compose(letter("reply"), LoadedFile("a.txt", "text/plain", content))
    (part,) = message.iter_attachments()
    assert part.get_payload(decode=True) == content


def test_a_domain_beyond_ascii_is_written_in_ascii() -> None:
    one = letter("reply", to=(Recipient("ann@straße.de", "Ann"),))
    mail = COMPOSER.compose(one, Thread(), (), at=AT, correlation_id="c")
    assert mail.recipients == ("ann@xn--strae-oqa.de",)
    assert not mail.needs_utf8
    mail.content.decode("ascii")


def test_an_address_beyond_ascii_makes_a_utf8_mail() -> None:
    one = letter("reply", to=(Recipient("jörg@straße.de", "Jörg"),))
    mail = COMPOSER.compose(one, Thread(), (), at=AT, correlation_id="c")
    assert mail.recipients == ("jörg@straße.de",)
    assert mail.needs_utf8
    assert "jörg@straße.de" in mail.content.decode("utf-8")


@pytest.mark.parametrize(
    "address", ["", "nobody", "a b@example.org", "a@b@c", "a@example.org\r\nx"]
)
def test_what_is_no_address_is_refused_without_being_repeated(address: str) -> None:
    one = letter("reply", to=(Recipient(address),))
    with pytest.raises(BadAddress) as caught:
        COMPOSER.compose(one, Thread(), (), at=AT, correlation_id="c")
    assert str(caught.value) == ""


def test_very_long_words_do_not_break_the_mail() -> None:
    one = letter("reply", to=(Recipient("ann@example.org", "ö" * 5000),))
    facts = {**one.facts, "ticket_subject": "日本" * 5000, "body_text": "x" * 100_000}
    message = compose(replace(one, facts=facts))
    assert "x" * 1000 in words(message).replace("\n", "")
