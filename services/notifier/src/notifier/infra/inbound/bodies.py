"""What a mail says: the text to show, and what was quoted below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from deskstream_chassis.html import clean_html, html_to_text, text_to_html
from notifier.infra.inbound.charsets import storable
from notifier.infra.inbound.html_quotes import split_html
from notifier.infra.inbound.opened import Part
from notifier.infra.inbound.quotes import split_text

LONGEST_HTML = 1024 * 1024
"""Letters of HTML that are cleaned; the rest is in the original."""
LONGEST_TEXT = 8 * 1024 * 1024
_NO_LIMIT = 4 * LONGEST_TEXT


@dataclass(frozen=True)
class Said:
    """HTML that is clean, its text, and the quote."""

    html: str = ""
    text: str = ""
    quoted: str | None = None


def said_in(parts: Sequence[Part]) -> Said:
    """Of the parts that are the body: HTML, unless it shows nothing; else the plain text."""
    html = "".join(part.text for part in parts if part.media_type == "text/html")
    plain = "\n\n".join(part.text for part in parts if part.media_type != "text/html")
    if len(html) > LONGEST_HTML and plain.strip():
        html = ""
    said = _html(html[:LONGEST_HTML]) if html.strip() else Said()
    return said if said.text or "<img" in said.html else _plain(plain[:LONGEST_TEXT])


def _html(html: str) -> Said:
    split = split_html(html)
    clean = storable(clean_html(split.new, limit=_NO_LIMIT))
    text = html_to_text(clean, limit=_NO_LIMIT)
    quoted = html_to_text(split.quoted, limit=_NO_LIMIT) if split.quoted else None
    if not text and quoted:
        whole = storable(clean_html(html, limit=_NO_LIMIT))
        return Said(whole, html_to_text(whole, limit=_NO_LIMIT))
    if quoted is None:
        by_text = split_text(text)
        if by_text.quoted:
            return Said(text_to_html(by_text.new, limit=_NO_LIMIT), by_text.new, by_text.quoted)
    return Said(clean, text, quoted or None)


def _plain(text: str) -> Said:
    split = split_text(text)
    return Said(text_to_html(split.new, limit=_NO_LIMIT), split.new, split.quoted)
