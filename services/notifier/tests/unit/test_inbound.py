"""Which mail it is, whether a person wrote it, and whom to believe."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.inbound import (
    Authentication,
    Marks,
    authentication,
    automatic,
    inbound_id,
    judged,
    mailbox_of,
    own_message,
    worth_suppressing,
)

OWN = ("support@shop.test", "sales@shop.test")
SENDER = "kim@customer.test"
RESULTS = "mx.shop.test; dmarc=pass (p=REJECT) header.from=customer.test"


@given(st.binary(), st.binary())
def test_the_same_mail_has_one_id_whatever_its_headers_and_line_ends(
    top: bytes, body: bytes
) -> None:
    lines = body.replace(b"\r", b"")
    smtp = b"Received: a\r\n\r\n" + lines.replace(b"\n", b"\r\n") + b"\r\n"
    imap = b"Received: b\nX: " + top.replace(b"\n", b"").replace(b"\r", b"") + b"\n\n" + lines
    assert inbound_id("A@b.c", "1@x", smtp) == inbound_id("a@b.c", "1@x", imap)


def test_another_mailbox_message_id_or_body_is_another_mail() -> None:
    raw = b"Subject: x\r\n\r\nbody"
    ids = {
        inbound_id("a@b.c", "1@x", raw),
        inbound_id("b@b.c", "1@x", raw),
        inbound_id("a@b.c", None, raw),
        inbound_id("a@b.c", "1@x", raw + b"!"),
    }
    assert len(ids) == 4


def test_the_same_words_of_two_people_without_message_ids_are_two_mails() -> None:
    def mail(sender: str, subject: str = "Hi", top: str = "") -> UUID:
        raw = f"{top}From: {sender}\r\nSubject: {subject}\r\n\r\nThanks".encode()
        return inbound_id("a@b.c", None, raw)

    assert len({mail("kim@k.test"), mail("lee@k.test"), mail("kim@k.test", "Ho")}) == 3
    assert mail("kim@k.test") == mail("kim@k.test", top="Received: by x\r\n")
    assert inbound_id("a@b.c", None, b"no blank line") != inbound_id("a@b.c", None, b"another")


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("support@shop.test", "support@shop.test"),
        ("Support+Token@SHOP.test", "support@shop.test"),
        ("sales+a+b@shop.test", "sales@shop.test"),
        ("support@else.test", None),
        ("xsupport@shop.test", None),
        ("", None),
    ],
)
def test_a_plus_tag_does_not_make_another_mailbox(address: str, mailbox: str | None) -> None:
    assert mailbox_of(address, OWN) == mailbox


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        (Marks(), None),
        (Marks(auto_submitted="no"), None),
        (Marks(auto_submitted=" NO ; x"), None),
        (Marks(auto_submitted="auto-replied"), "auto_submitted"),
        (Marks(precedence="Bulk"), "bulk"),
        (Marks(precedence="first-class"), None),
        (Marks(others=frozenset({"list-id"})), "bulk"),
        (Marks(null_return_path=True), "null_return_path"),
        (Marks(bounce=True, null_return_path=True), "bounce"),
    ],
)
def test_a_mail_that_a_machine_wrote_is_told_from_a_persons(
    marks: Marks, reason: str | None
) -> None:
    assert automatic(marks, SENDER, OWN) == reason


def test_a_mail_from_an_address_of_ours_is_never_answered() -> None:
    assert automatic(Marks(), "Support+x@shop.test", OWN) == "own_address"


@pytest.mark.parametrize(
    ("headers", "believed"),
    [
        ([RESULTS], True),
        (["other.test; dmarc=pass", "mx.shop.test; dmarc=fail"], False),
        (["other.test; dmarc=pass"], False),
        (["mx.shop.test; dkim=pass header.d=customer.test"], True),
        (["mx.shop.test; dkim=pass header.d=else.test"], False),
        (["mx.shop.test; dkim=pass header.d=customer.test; dmarc=fail"], False),
        (["mx.shop.test; spf=pass smtp.mailfrom=kim@customer.test"], True),
        (["mx.shop.test; spf=pass smtp.mailfrom=else.test"], False),
        (["mx.shop.test 1; dmarc=fail", RESULTS], False),
        (["mx.shop.test; none"], False),
        ([], False),
    ],
)
def test_only_our_own_servers_word_makes_a_sender_authentic(
    headers: list[str], believed: bool
) -> None:
    assert authentication(headers, "mx.shop.test", SENDER).authenticated is believed
    assert not authentication(headers, None, SENDER).authenticated


def test_what_fails_its_senders_own_policy_waits_for_a_person() -> None:
    strict = authentication(["mx.shop.test; dmarc=fail (p=REJECT)"], "mx.shop.test", SENDER)
    lenient = authentication(["mx.shop.test; dmarc=fail (p=NONE)"], "mx.shop.test", SENDER)
    assert judged(strict, 1, lost_bounce=False) == "authentication_failed"
    assert judged(lenient, 1, lost_bounce=False) == "received"
    assert not lenient.authenticated


def test_several_senders_and_reports_about_nothing_of_ours_wait_too() -> None:
    assert judged(Authentication(), 2, lost_bounce=False) == "several_senders"
    assert judged(Authentication(), 0, lost_bounce=True) == "bounce_unknown"
    assert judged(Authentication(), 0, lost_bounce=False) == "received"


def test_only_a_message_id_of_our_form_names_a_message() -> None:
    message = uuid4()
    assert own_message(f"{message}@shop.test", "shop.test") == message
    assert own_message(f"{message}@else.test", "shop.test") is None
    assert own_message(f"ticket-{UUID(int=1)}@shop.test", "shop.test") is None


@pytest.mark.parametrize(("code", "worth"), [("5.1.1", True), ("5.0.0", True), ("5.2.2", False)])
def test_a_full_mailbox_shuts_nobody_out(code: str, worth: bool) -> None:
    assert worth_suppressing(code) is worth
