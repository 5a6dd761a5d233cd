"""Mails of unusual build: nested, signed, automatic, broken, huge."""

import base64
from collections.abc import Iterator
from email.message import EmailMessage

from mails.corpus import SUPPORT, Expected, Mail, Maker, built, head, raw

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
AUTOMATIC = (
    ({"Auto-Submitted": "auto-replied"}, "auto_submitted"),
    ({"Auto-Submitted": "auto-generated (vacation)"}, "auto_submitted"),
    ({"Auto-Submitted": "auto-notified; owner-email=x"}, "auto_submitted"),
    ({"X-Autoreply": "yes"}, "auto_submitted"), ({"X-Autorespond": "yes"}, "auto_submitted"),
    ({"Precedence": "bulk"}, "bulk"), ({"Precedence": "junk"}, "bulk"),
    ({"Precedence": "list"}, "bulk"), ({"Precedence": "auto_reply"}, "bulk"),
    ({"List-Id": "<news.customer.test>"}, "bulk"), ({"X-Loop": "desk"}, "bulk"),
    ({"List-Unsubscribe": "<https://customer.test/u>"}, "bulk"),
    ({"Return-Path": "<>"}, "null_return_path"), ({"Auto-Submitted": "no"}, None),
    ({"From": SUPPORT}, "own_address"), ({"X-Deskstream-Correlation": "c"}, "auto_submitted"),
)  # fmt: skip


def automatic(marks: dict[str, str], reason: str | None) -> Maker:
    """A mail that a machine may have written."""

    def make(number: int) -> Mail:
        content = raw({**head(number), **marks}, "I am away")
        sender = marks.get("From", "kim@customer.test")
        return Mail("automatic", content, Expected("I am away", sender=sender, automatic=reason))

    return make


def null_sender(number: int) -> Mail:
    """The envelope says that nobody wants an answer."""
    content = raw(head(number), "Out of office")
    expected = Expected("Out of office", automatic="null_return_path")
    return Mail("null sender", content, expected, sender="")


def nested(depth: int) -> Maker:
    """Multiparts in multiparts."""

    def make(number: int) -> Mail:
        lines = []
        for n in range(depth):
            lines += [f"--b{n}", f'Content-Type: multipart/mixed; boundary="b{n + 1}"', ""]
        lines += [f"--b{depth}", "Content-Type: text/plain", "", "At the bottom"]
        lines += [f"--b{n}--" for n in range(depth, -1, -1)]
        headers = head(number, Content_Type='multipart/mixed; boundary="b0"')
        mail = raw(headers, "\n".join(lines) + "\n")
        deep = depth > 900
        expected = Expected(
            None if deep else "At the bottom",
            unreadable=deep,
            sender=None if deep else "kim@customer.test",
            files=("original.eml",) if deep else (),
        )
        return Mail("nested", mail, expected)

    return make


def inline_image(number: int) -> Mail:
    """HTML that shows a picture of its own."""
    message = EmailMessage()
    message.set_content("plain")
    message.add_alternative('<p>Look: <img src="cid:drum@k"></p>', subtype="html")
    html = next(part for part in message.iter_parts() if part.get_content_subtype() == "html")
    html.add_related(PNG, "image", "png", cid="<drum@k>", filename="drum.png")
    return Mail("inline image", built(message, number), Expected("Look:", files=("drum.png",)))


def winmail(number: int) -> Mail:
    """Outlook's rich text."""
    message = EmailMessage()
    message.set_content("See the rich text")
    message.add_attachment(b"\x78\x9f\x3e\x22" + bytes(60), "application", "ms-tnef")
    expected = Expected("See the rich text", files=("winmail.dat",))
    return Mail("winmail.dat", built(message, number), expected)


def calendar(method: str) -> Maker:
    """An invitation, beside a text."""

    def make(number: int) -> Mail:
        message = EmailMessage()
        message.set_content("Shall we meet?")
        message.add_alternative("<p>Shall we meet?</p>", subtype="html")
        ics = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nEND:VCALENDAR\r\n"
        message.add_alternative(ics, subtype="calendar")
        expected = Expected("Shall we meet?", files=("invite.ics",))
        return Mail("calendar", built(message, number), expected)

    return make


def smime(kind: str) -> Maker:
    """Signed or sealed mail."""

    def make(number: int) -> Mail:
        if kind == "signed":
            body = (
                "--b\nContent-Type: text/plain\n\nSigned by me\n--b\n"
                "Content-Type: application/pkcs7-signature; name=smime.p7s\n"
                "Content-Transfer-Encoding: base64\n\nMIIB\n--b--\n"
            )
            more = 'multipart/signed; protocol="application/pkcs7-signature"; boundary=b'
            expected = Expected("Signed by me", files=())
        else:
            body = base64.encodebytes(bytes(400)).decode()
            more = f"application/pkcs7-mime; smime-type={kind}-data; name=smime.p7m"
            expected = Expected("", files=("smime.p7m",))
        headers = head(number, Content_Type=more)
        if kind != "signed":
            headers["Content-Transfer-Encoding"] = "base64"
        return Mail("S/MIME", raw(headers, body), expected)

    return make


def forwarded(number: int) -> Mail:
    """A mail with a mail in it."""
    inner = EmailMessage()
    inner["Subject"], inner["From"] = "inner", "else@elsewhere.test"
    inner.set_content("inner words")
    message = EmailMessage()
    message.set_content("See below")
    message.add_attachment(inner)
    expected = Expected("See below", "inner words", files=("message.eml",))
    return Mail("forwarded", built(message, number), expected)


def empty(content_type: str | None, body: str) -> Maker:
    """Nothing is said."""

    def make(number: int) -> Mail:
        more = {"Content-Type": content_type} if content_type else {}
        return Mail("empty", raw({**head(number), **more}, body), Expected("", files=()))

    return make


BROKEN: tuple[tuple[bytes, bool], ...] = (
    (b"\r\n\r\n", True), (b"no header at all, only words\r\n", True),
    (b"\x00\x01\x02\xff" * 50, True), (b"\r\nbody first\r\n", True), (b"A" * 5000, True),
    (b"From kim@customer.test Tue Mar  3\r\nSubject: mbox\r\n\r\nbody", False),
    (b"Subject: only\r\n", False), (b"Subject: bare LF\n\nbody\n", False),
    (b"Subject: CR\r\rbody\r", False), (b"Subject: x\r\n broken\r\nnot a header\r\n\r\nb", False),
    (b"Content-Type: multipart/mixed\r\nSubject: no boundary\r\n\r\nbody", False),
    (b"Content-Type: multipart/mixed; boundary=q\r\nSubject: unclosed\r\n\r\n--q\r\n\r\nb", False),
    (b"Content-Type: ;;;=\r\nSubject: type\r\n\r\nbody", False),
    (b"Subject: cte\r\nContent-Transfer-Encoding: uuencode\r\n\r\nbegin 644 x\r\nend", False),
    (b"Subject: b64\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!", False),
    (b"Subject: date\r\nDate: the day after\r\nMessage-ID: none\r\n\r\nbody", False),
    (b"Subject: dates\r\nDate: Tue, 99 Mar 99999 99:99:99 +9999\r\n\r\nbody", False),
    (b"Subject: nul\r\n\r\nbo\x00dy", False),
    ("Subject: surrogate \udcff\r\n\r\nbody".encode("utf-8", "surrogateescape"), False),
)  # fmt: skip


def broken(content: bytes, unreadable: bool) -> Maker:
    """What is hardly a mail."""

    def make(_number: int) -> Mail:
        files = ("original.eml",) if unreadable else None
        expected = Expected(None, sender=None, files=files, unreadable=unreadable)
        return Mail("broken", content, expected)

    return make


def large(number: int) -> Mail:
    """A file of 25 MB."""
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nLarge file\r\n--b\r\n"
        b"Content-Type: application/zip\r\nContent-Disposition: attachment; filename=l.zip\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(bytes(25 * 1024 * 1024)).replace(b"\n", b"\r\n")
        + b"--b--\r\n"
    )
    mail = raw(head(number, Content_Type="multipart/mixed; boundary=b"), body)
    return Mail("25 MB", mail, Expected("Large file", files=("l.zip",)))


def long_text(number: int) -> Mail:
    """More words than an event holds."""
    return Mail("long text", raw(head(number), "many words " * 60_000), Expected("many words"))


def long_line(number: int) -> Mail:
    """One line of 300 KB."""
    return Mail("long line", raw(head(number), "x" * 300_000), Expected("xxx"))


def crowd(number: int) -> Mail:
    """Two hundred recipients."""
    people = ", ".join(f'"Person {n}" <person-{n}@customer.test>' for n in range(199))
    mail = raw({**head(number), "To": SUPPORT, "Cc": people}, "To everybody")
    return Mail("200 recipients", mail, Expected("To everybody", files=()))


def two_senders(number: int) -> Mail:
    """Two lines `From`, as those write who want to seem someone else."""
    mail = b"From: boss@shop.test\r\n" + raw(head(number), "Pay this")
    return Mail(
        "two senders", mail, Expected("Pay this", sender=None, quarantined="several_senders")
    )


def unknown_bounce(number: int) -> Mail:
    """A report about a mail that we never sent."""
    body = (
        "--b\n\nIt did not arrive.\n--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.customer.test\n\nFinal-Recipient: rfc822; a@b.test\n"
        "Action: failed\nStatus: 5.1.1\n--b\nContent-Type: text/rfc822-headers\n\n"
        "Message-ID: <not-ours@elsewhere.test>\n--b--\n"
    )
    more = "multipart/report; report-type=delivery-status; boundary=b"
    expected = Expected(None, automatic="bounce", quarantined="bounce_unknown")
    return Mail("bounce", raw(head(number, Content_Type=more), body), expected, sender="")


def shapes() -> Iterator[Maker]:
    """All of them."""
    for _ in range(6):
        yield from (automatic(*one) for one in AUTOMATIC)
        yield from (null_sender, inline_image, winmail, forwarded, crowd, two_senders)
        yield unknown_bounce
        yield from (calendar(method) for method in ("REQUEST", "CANCEL", "REPLY"))
        yield from (smime(kind) for kind in ("signed", "enveloped", "signed-data-only"))
    yield from (nested(depth) for depth in (1, 2, 5, 20, 50, 100, 2000))
    kinds = (None, "text/plain", "text/html", "multipart/mixed; boundary=b")
    yield from (empty(kind, body) for kind in kinds for body in ("", "\n \n"))
    yield from (broken(*one) for one in BROKEN)
    yield from (large, long_text, long_line)
