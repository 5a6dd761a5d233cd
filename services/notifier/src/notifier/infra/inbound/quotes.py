"""Where a mail stops being new: the quote of what it answers, in text and in HTML.

Nothing is lost by a wrong guess: what is cut stands in the event as quoted text, and the original
lies in the bucket. Where the sender wrote between the quoted lines, nothing is cut.
"""

import re
from dataclasses import dataclass

from mailparser_reply.constants import MAIL_LANGUAGES
from mailparser_reply.parser import EmailMessage

WINDOW = 8
"""Lines that an introduction of a quote may have."""
LONGEST_LINE = 300
"""Letters of a line that are looked at: the library's patterns are quadratic."""
MOST_LINES = 5000
MOST_TRIES = 60
"""Lines that begin like an introduction but are none, after which no more is looked for."""

_LIBRARY = re.compile(
    EmailMessage(
        "", languages=[one for one in MAIL_LANGUAGES if one != "david"]
    ).HEADER_REGEX.pattern,
    re.MULTILINE | re.IGNORECASE,
)
_WROTE = re.compile(
    r"(?:Am|Em|Il(?: giorno)?|Le|El|On|Op|W dniu|Den|Dne|Pe|På)\s[^\n]{4,250}?[\s\n][^\n]{0,200}?"
    r"(?:schrieb(?: [^\n]{1,120})?|wrote|a écrit|escribió|escreveu|ha scritto"
    r"|schreef(?: [^\n]{1,120})?|skrev(?: [^\n]{1,120})?|napisał\(?a?\)?|napsal\(?a?\)?)\s?:",
    re.IGNORECASE,
)
"""Forms of Gmail, Apple Mail and Thunderbird that the library lacks: several lines, names last."""
_SEPARATOR = re.compile(
    r"-{2,}\s?(?:Original Message|Ursprüngliche Nachricht|Message d'origine|Mensaje original"
    r"|Messaggio originale|Oorspronkelijk bericht|Mensagem original|Weitergeleitete Nachricht"
    r"|Forwarded message)\s?-{2,}|_{20,}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Split:
    """What was written now, and what was quoted below it."""

    new: str
    quoted: str | None


def split_text(text: str) -> Split:
    """Plain text, cut at the introduction of a quote or at the quote itself."""
    lines = text.split("\n")
    start = _start(lines)
    if start is None:
        return Split(text.strip(), None)
    new, quoted = "\n".join(lines[:start]).strip(), "\n".join(lines[start:]).strip()
    return Split(new, quoted) if new else Split(text.strip(), None)


def _start(lines: list[str]) -> int | None:
    quoted, tries = _trailing_quote(lines), 0
    for n, line in enumerate(lines[:MOST_LINES]):
        bare = line.strip(" *\t\xa0\u200b")
        if not bare or bare.startswith(">"):
            continue
        if _SEPARATOR.fullmatch(bare):
            return n
        if tries >= MOST_TRIES or not _INTRODUCES.match(bare):
            continue
        tries += 1
        window = "\n".join(one.strip()[:LONGEST_LINE] for one in lines[n : n + WINDOW])
        if _headers(window):
            return n
        found = _WROTE.match(window) or _LIBRARY.match(window)
        if found is not None:
            below = n + found[0].rstrip().count("\n") + 1
            return None if _interleaved(lines[below:]) else n
    return quoted


_INTRODUCES = re.compile(
    r"(?:Am|Em|Il|Le|El|On|Op|W|Den|Dne|Pe|På|[A-Z][a-z]{2}|\d)[\s.\d]"
    r"|[^\W\d_][\w .'-]{0,20}[*]?\s?:|[^\x00-\u024f]",
    re.IGNORECASE,
)
"""How the first line of an introduction begins, in any language."""


def _headers(window: str) -> bool:
    """The block that Outlook puts above a quote, in whatever language: From, Sent, To, Subject."""
    names = re.findall(r"^[*]?([^\W\d_][\w .'-]{1,20})[*]?\s?:[*]?\s\S", window, re.MULTILINE)
    known = [name for name in names[:6] if name.strip().casefold() in _HEADER_NAMES]
    first = window.split(":", 1)[0].strip(" *").casefold()
    return len(known) >= 3 and first in _FROM


_FROM = frozenset({"from", "von", "de", "da", "van", "od", "fra", "från"})
_HEADER_NAMES = _FROM | frozenset(
    {
        "sent", "date", "to", "subject", "cc",
        "gesendet", "datum", "an", "betreff",
        "envoyé", "à", "objet",
        "enviado", "enviado el", "fecha", "para", "asunto",
        "inviato", "data", "a", "oggetto",
        "verzonden", "aan", "onderwerp",
        "wysłano", "do", "temat", "sendt", "til", "emne", "skickat", "till", "ämne",
        "enviada", "assunto", "odesláno", "komu", "předmět",
    }
)  # fmt: skip


def _interleaved(lines: list[str]) -> bool:
    """Answers between quoted lines: something unquoted below something quoted."""
    seen = False
    for line in lines:
        if line.lstrip().startswith(">"):
            seen = True
        elif line.strip() and seen:
            return not _signature_follows(line)
    return False


def _signature_follows(line: str) -> bool:
    return line.strip() in ("--", "-- ")


def _trailing_quote(lines: list[str]) -> int | None:
    """The start of a block of `>` lines that ends the text."""
    n = len(lines)
    while n > 0 and (not lines[n - 1].strip() or lines[n - 1].lstrip().startswith(">")):
        n -= 1
    return n if any(line.lstrip().startswith(">") for line in lines[n:]) else None
