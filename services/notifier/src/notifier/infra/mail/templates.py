"""Texts of mails: one folder a kind with `subject.txt`, `body.txt` and `body.html`."""

from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from deskstream_chassis.html import clean_html
from deskstream_events.notifier.message import Kind
from notifier.domain.addresses import one_line


@dataclass(frozen=True)
class Text:
    """One mail's words."""

    subject: str
    plain: str
    html: str


class Templates:
    """Renders; a word that the facts do not hold is an error, never an empty place.

    HTML is escaped by itself, except `body_html`, which is cleaned here once more.
    """

    def __init__(self) -> None:
        self._files = Environment(
            loader=PackageLoader("notifier.infra.mail", "templates"),
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            undefined=StrictUndefined,
            auto_reload=False,
            keep_trailing_newline=True,
        )

    def render(self, kind: Kind, facts: dict[str, Any]) -> Text:
        """Raises jinja2.UndefinedError where a fact is missing."""
        words = dict(facts)
        if "body_html" in words:
            words["body_html"] = clean_html(words["body_html"])
        subject = one_line(self._files.get_template(f"{kind}/subject.txt").render(words))
        words["subject"] = subject
        return Text(
            subject=subject,
            plain=self._files.get_template(f"{kind}/body.txt").render(words),
            html=self._files.get_template(f"{kind}/body.html").render(words),
        )
