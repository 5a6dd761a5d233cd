"""Mails as they come in real life, made from the forms of the RFCs and of mail programs.

`mails.all.corpus()` gives about five hundred, each with what must become of it. All of it is
generated: the same every time, about nobody.
"""

import base64
import itertools
import quopri
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import quote

SUPPORT = "support@shop.test"


@dataclass(frozen=True)
class Expected:
    """What must become of a mail. None: not looked at."""

    text: str | None = None
    """The body as shown, or a part of it that must be there."""
    without: str | None = None
    """What must not be in the body: it was quoted."""
    subject: str | None = None
    sender: str | None = "kim@customer.test"
    files: tuple[str, ...] | None = None
    automatic: str | None = None
    unreadable: bool = False
    quarantined: str | None = None


@dataclass(frozen=True)
class Mail:
    """One mail of a class."""

    name: str
    raw: bytes
    expected: Expected
    recipients: tuple[str, ...] = field(default=(SUPPORT,))
    sender: str = "kim@customer.test"


def head(number: int, subject: str = "A drum leaks", **more: str) -> dict[str, str]:
    """Headers of an ordinary mail; None of them is hostile."""
    return {
        "From": "Kim Customer <kim@customer.test>",
        "To": SUPPORT,
        "Subject": subject,
        "Date": "Tue, 03 Mar 2026 10:00:00 +0100",
        "Message-ID": f"<{number}.corpus@customer.test>",
        "MIME-Version": "1.0",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def raw(headers: dict[str, str], body: str | bytes, charset: str = "utf-8") -> bytes:
    """Written by hand, so that nothing corrects it."""
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
    content = (
        body
        if isinstance(body, bytes)
        else body.replace("\r\n", "\n").replace("\n", "\r\n").encode(charset)
    )
    return lines + b"\r\n" + content


def built(message: EmailMessage, number: int, subject: str = "A drum leaks") -> bytes:
    """Written by the standard library."""
    for name, value in head(number, subject).items():
        if name not in message:
            message[name] = value
    return message.as_bytes(policy=SMTP)


Maker = Callable[[int], Mail]

QUOTES: dict[str, Sequence[str]] = {
    "gmail": (
        "On Tue, Mar 3, 2026 at 9:00 AM Support <support@shop.test> wrote:",
        "Am Di., 3. März 2026 um 09:00 Uhr schrieb Support <support@shop.test>:",
        "Le mar. 3 mars 2026 à 09:00, Support <support@shop.test> a écrit :",
        "El mar, 3 mar 2026 a las 9:00, Support (<support@shop.test>) escribió:",
        "Il giorno mar 3 mar 2026 alle ore 09:00 Support <support@shop.test> ha scritto:",
        "Op di 3 mrt 2026 om 09:00 schreef Support <support@shop.test>:",
    ),
    "apple": (
        "On 3 Mar 2026, at 09:00, Support <support@shop.test> wrote:",
        "Am 03.03.2026 um 09:00 schrieb Support <support@shop.test>:",
        "Le 3 mars 2026 à 09:00, Support <support@shop.test> a écrit :",
        "El 3 mar 2026, a las 9:00, Support <support@shop.test> escribió:",
        "Il giorno 3 mar 2026, alle ore 09:00, Support <support@shop.test> ha scritto:",
        "Op 3 mrt. 2026 om 09:00 heeft Support <support@shop.test> het volgende geschreven:",
    ),
    "outlook": (
        "From: Support <support@shop.test>\nSent: Tuesday, March 3, 2026 9:00 AM\n"
        "To: Kim Customer <kim@customer.test>\nSubject: RE: A drum leaks",
        "Von: Support <support@shop.test>\nGesendet: Dienstag, 3. März 2026 09:00\n"
        "An: Kim Customer <kim@customer.test>\nBetreff: AW: A drum leaks",
        "De : Support <support@shop.test>\nEnvoyé : mardi 3 mars 2026 09:00\n"
        "À : Kim Customer <kim@customer.test>\nObjet : RE: A drum leaks",
        "De: Support <support@shop.test>\nEnviado: martes, 3 de marzo de 2026 9:00\n"
        "Para: Kim Customer <kim@customer.test>\nAsunto: RE: A drum leaks",
        "Da: Support <support@shop.test>\nInviato: martedì 3 marzo 2026 09:00\n"
        "A: Kim Customer <kim@customer.test>\nOggetto: R: A drum leaks",
        "Van: Support <support@shop.test>\nVerzonden: dinsdag 3 maart 2026 09:00\n"
        "Aan: Kim Customer <kim@customer.test>\nOnderwerp: RE: A drum leaks",
    ),
}
WRITTEN = ("Thank you, it works", "Danke, es läuft", "Merci, ça marche", "Gracias, funciona")
QUOTED = "the secret of the quote"


def quoting(program: str, introduction: str, written: str, *, wrapped: bool = False) -> Maker:
    """A plain answer above a quote; `wrapped`: the introduction runs over two lines."""

    def make(number: int) -> Mail:
        said = introduction
        if wrapped and program != "outlook":
            words = introduction.split(" ")
            said = " ".join(words[:-3]) + "\n" + " ".join(words[-3:])
        mark = "" if program == "outlook" else "> "
        body = f"{written}\n\n{said}\n\n{mark}Hello,\n{mark}{QUOTED}\n"
        headers = head(number, Content_Type="text/plain; charset=utf-8")
        return Mail(f"{program} quote", raw(headers, body), Expected(written, QUOTED, files=()))

    return make


HTML_QUOTES = {
    "gmail": '<div class="gmail_quote"><div class="gmail_attr">On Tue … wrote:</div>'
    "<blockquote>{}</blockquote></div>",
    "apple": '<br><blockquote type="cite"><div>On 3 Mar, Support wrote:</div>{}</blockquote>',
    "outlook": '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in">'
    "<p><b>From:</b> Support</p></div><p>{}</p>",
    "outlook web": '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From</div><p>{}</p>',
    "thunderbird": '<div class="moz-cite-prefix">On 3.3. Support wrote:</div>'
    '<blockquote type="cite">{}</blockquote>',
    "yahoo": '<div class="yahoo_quoted"><div>On Tuesday … wrote:</div>{}</div>',
}


def html_quoting(program: str, written: str, *, alternative: bool) -> Maker:
    """An HTML answer as a program marks its quote, alone or beside the plain text."""

    def make(number: int) -> Mail:
        html = f"<div dir=ltr>{written}</div>" + HTML_QUOTES[program].format(QUOTED)
        message = EmailMessage()
        if alternative:
            message.set_content(f"{written}\n\n> {QUOTED}\n")
            message.add_alternative(html, subtype="html")
        else:
            message.set_content(html, subtype="html")
        raw_mail = built(message, number)
        return Mail(f"{program} html", raw_mail, Expected(written, QUOTED, files=()))

    return make


CHARSETS = (
    ("iso-8859-1", "iso-8859-1", "Grüße, ça va"), ("windows-1252", "cp1252", "„Grüße“ — 5 €"),
    ("utf-8", "utf-8", "Grüße 漢字 🛢"), ("iso-8859-15", "iso-8859-15", "5 €"),
    ("koi8-r", "koi8-r", "Бочка течёт"), ("gb2312", "gb18030", "桶漏了"),
    ("iso-2022-jp", "iso-2022-jp", "樽が漏れる"), ("shift_jis", "cp932", "樽が漏れる"),
    ("ks_c_5601-1987", "cp949", "드럼이 샌다"), ("big5", "big5", "桶漏了"),
    ("windows-1251", "cp1251", "Бочка течёт"), ("utf-16le", "utf-16le", "Grüße"),
    ("us-ascii", "utf-8", "Grüße in ASCII"), ("us-ascii", "cp1252", "Grüße in ASCII"),
    ("x-unknown", "utf-8", "Grüße ohne Namen"), ("no-such-charset", "cp1252", "Grüße"),
    ("utf-8", "cp1252", "Grüße, falsch benannt"), ("idna", "utf-8", "Grüße"),
    ("base64", "utf-8", "Grüße"), ("", "utf-8", "Grüße"),
)  # fmt: skip
ENCODINGS = ("8bit", "base64", "quoted-printable")


def charset(named: str, real: str, text: str, encoding: str) -> Maker:
    """A text whose charset is named rightly, wrongly or not at all."""

    def make(number: int) -> Mail:
        content = text.encode(real)
        body = {
            "8bit": content,
            "base64": base64.encodebytes(content),
            "quoted-printable": quopri.encodestring(content),
        }[encoding]
        headers = head(
            number,
            Content_Type=f"text/plain; charset={named}" if named else "text/plain",
            Content_Transfer_Encoding=encoding,
        )
        return Mail(f"charset {named}", raw(headers, body), Expected(text, files=()))

    return make


SUBJECTS: tuple[tuple[bytes, str], ...] = (
    (b"=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"), (b"=?iso-8859-1?Q?Gr=FC=DFe?=", "Grüße"),
    (b"=?utf-8?Q?Gr=C3=BC?= =?utf-8?Q?=C3=9Fe?=", "Grüße"), ("Grüße".encode(), "Grüße"),
    ("Grüße".encode("cp1252"), "Grüße"), (b"=?x-none?Q?Hello?=", "Hello"),
    (b"=?utf-8?B?R3LDvMOfZQ?=", "Grüße"), (b"plain\r\n and folded", "plain and folded"),
    (b"=?utf-8?Q?a_b?= and =?utf-8?Q?c?=", "a b and c"), (b"", ""),
    (b"x" * 3000, "x" * 500), (b"=?gb2312?B?zbDCqcHL?=", "桶漏了"),
)  # fmt: skip


def subject(written: bytes, read: str) -> Maker:
    """A subject as it travels, and as people read it."""

    def make(number: int) -> Mail:
        headers = head(number)
        del headers["Subject"]
        mail = b"Subject: " + written + b"\r\n" + raw(headers, "Hello")
        return Mail("subject", mail, Expected("Hello", subject=read, files=()))

    return make


SENDERS: tuple[tuple[bytes, str | None], ...] = (
    (b"kim@customer.test", "kim@customer.test"), (b"<kim@customer.test>", "kim@customer.test"),
    (b'"Kim, the Customer" <kim@customer.test>', "kim@customer.test"),
    (b"kim@customer.test (Kim)", "kim@customer.test"), (b'Kim "K <kim@customer.test>', None),
    ("Kïm <kim@customer.test>".encode(), "kim@customer.test"),
    ("Kïm <kim@customer.test>".encode("cp1252"), "kim@customer.test"),
    (b"=?utf-8?Q?K=C3=AFm?= <kim@customer.test>", "kim@customer.test"),
    (b"(" * 3000, None), (b"nobody", None), (b"", None), (b"<>", None),
    (b"group: kim@customer.test;", "kim@customer.test"), (b"a" * 20_000, None),
    (b":;" * 500 + b" kim@customer.test", None), (b"Kim <kim@customer.test> trailing", None),
)  # fmt: skip
"""None: whatever is read, the mail must be kept."""


def sender(written: bytes, read: str | None) -> Maker:
    """A sender in every form that headers take."""

    def make(number: int) -> Mail:
        headers = head(number)
        del headers["From"]
        mail = b"From: " + written + b"\r\n" + raw(headers, "Hello")
        expected = Expected("Hello", sender=read or "?", files=())
        return Mail("sender", mail, expected, sender="kim@customer.test")

    return make


FILE_NAMES = (
    ('filename="drum.pdf"', "drum.pdf"), ("filename=drum.pdf", "drum.pdf"),
    (f"filename*=utf-8''{quote('Faß für Öl.pdf')}", "Faß für Öl.pdf"),
    ("filename*0*=utf-8''Fa%C3%9F%20; filename*1*=%C3%96l; filename*2=.pdf", "Faß Öl.pdf"),
    ("filename*=iso-8859-1'de'Fa%DF.pdf", "Faß.pdf"),
    ('filename="=?utf-8?B?RmHDny5wZGY=?="', "Faß.pdf"), ('filename="Faß.pdf"', "Faß.pdf"),
    ('filename="../../etc/passwd.pdf"', "../../etc/passwd.pdf"), ('filename=""', "part-1.pdf"),
    ("filename*=nonsense", "nonsense"), ("filename*0=a; filename*2=c.pdf", None),
)  # fmt: skip


def attachment(disposition: str, name: str | None) -> Maker:
    """A file whose name is given in one of the ways of RFC 2231 and of those who ignore it."""

    def make(number: int) -> Mail:
        body = (
            "--b\r\nContent-Type: text/plain\r\n\r\nSee the file\r\n"
            "--b\r\nContent-Type: application/pdf\r\n"
            f"Content-Disposition: attachment; {disposition}\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjcK\r\n--b--\r\n"
        )
        headers = head(number, Content_Type="multipart/mixed; boundary=b")
        files = (name,) if name else None
        return Mail("file name", raw(headers, body), Expected("See the file", files=files))

    return make


def makers() -> Iterator[Maker]:
    """All classes of this module; `shapes` has the rest."""
    for program, introductions in QUOTES.items():
        for introduction, written in itertools.product(introductions, WRITTEN):
            yield quoting(program, introduction, written)
            yield quoting(program, introduction, written, wrapped=True)
    for program, written, alternative in itertools.product(HTML_QUOTES, WRITTEN, (True, False)):
        yield html_quoting(program, written, alternative=alternative)
    for (named, real, text), encoding in itertools.product(CHARSETS, ENCODINGS):
        yield charset(named, real, text, encoding)
    yield from (subject(*one) for one in SUBJECTS)
    yield from (sender(*one) for one in SENDERS)
    yield from (attachment(*one) for one in FILE_NAMES)
