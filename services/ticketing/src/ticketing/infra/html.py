"""Texts of messages: HTML cleaned by nh3, the plain text derived from what is left."""

import html
import re
from html.parser import HTMLParser

import nh3

from ticketing.application.ports import RawBody
from ticketing.domain.bodies import Body, within

TAGS = frozenset(
    {
        "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "div",
        "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "s",
        "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
        "thead", "tr", "u", "ul"
    }
)  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "tr",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "hr",
        "table",
        "ul",
        "ol",
    ]
)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _BLOCKS:
            self.parts.append("\n- " if tag == "li" else "\n")
        elif tag in ("td", "th"):
            self.parts.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "h1", "h2", "h3", "blockquote", "table"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(re.sub(r"\s+", " ", data))


def text_of(cleaned: str) -> str:
    """The plain text of cleaned HTML: blocks on lines of their own, at most one empty between."""
    parser = _Text()
    parser.feed(cleaned)
    parser.close()
    lines = (line.strip(" \u00a0") for line in "".join(parser.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def clean_body(raw: RawBody) -> Body:
    """Safe HTML and its text. Scripts, styles, images, forms and foreign schemes are dropped, the
    content of scripts and styles too. Raises BodyMissing, BodyTooLarge."""
    if raw.html is None:
        text = within(_plain(raw.text or "")).strip()
        return Body(_as_html(text), text)
    cleaned = nh3.clean(
        within(_plain(raw.html)),
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )
    return Body(cleaned, text_of(cleaned))


def _plain(text: str) -> str:
    """Without NUL and lone surrogates, which neither JSON nor PostgreSQL takes."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text.replace("\r\n", "\n"))


def _as_html(text: str) -> str:
    paragraphs = (html.escape(part).replace("\n", "<br>") for part in re.split(r"\n{2,}", text))
    return "".join(f"<p>{part}</p>" for part in paragraphs if part.strip())
