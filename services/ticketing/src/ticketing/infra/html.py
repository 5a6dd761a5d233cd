"""Texts of messages: the chassis' cleaning, within our limits."""

import re

from deskstream_chassis.html import BodyTooLong, clean_html, html_to_text, text_to_html
from ticketing.application.ports import RawBody
from ticketing.domain.bodies import BODY_LIMIT, Body
from ticketing.domain.errors import BodyTooLarge

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and lone surrogates: neither JSON nor PostgreSQL takes them."""


def clean_body(raw: RawBody) -> Body:
    """Safe HTML and its text; HTML wins where both are given. Raises BodyMissing, BodyTooLarge."""
    try:
        if raw.html is not None:
            html = clean_html(_UNSTORABLE.sub("", raw.html))
            return Body(html, html_to_text(html))
        text = _UNSTORABLE.sub("", raw.text or "").replace("\r\n", "\n").strip()
        return Body(text_to_html(text), text)
    except BodyTooLong:
        raise BodyTooLarge(f"at most {BODY_LIMIT} bytes", field="body", limit=BODY_LIMIT) from None
