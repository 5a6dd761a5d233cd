"""Text of people: HTML that is safe to show and to mail, and the plain text of it."""

import re
from html.parser import HTMLParser
from typing import Final

import nh3

MAX_BODY: Final = 256 * 1024
"""Bytes of UTF-8 that one body may have."""

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q", "s", "small",
    "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}
_BLOCKS = frozenset(
    {"blockquote", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
     "p", "pre", "table", "tr", "ul"}
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BodyTooLong(ValueError):
    """More than MAX_BODY bytes."""


DEEPEST: Final = 500
"""Elements inside each other: cleaning takes time by the square of it."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>?")
_NEVER_NESTED = frozenset(
    {"area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
     "option", "p", "source", "td", "th", "tr", "wbr"}
)  # fmt: skip


def check_size(body: str, limit: int = MAX_BODY) -> str:
    """The body itself. Raises BodyTooLong."""
    if len(body.encode("utf-8", "surrogatepass")) > limit:
        raise BodyTooLong(f"at most {limit} bytes")
    return body


def shallow(html: str) -> str:
    """The HTML itself; only its words where it is nested deeper than any writer would."""
    depth = 0
    for found in _TAG.finditer(html):
        if found[2].lower() not in _NEVER_NESTED:
            depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > DEEPEST:
            return re.sub(r"<[^>]*>?", " ", html)
    return html


def clean_html(html: str, *, limit: int = MAX_BODY) -> str:
    """HTML without script, style, forms, frames, event handlers and foreign schemes.

    Links open without a referrer; images come from `cid:` and https only. Cleaning twice changes
    nothing. Raises BodyTooLong beyond `limit` bytes.
    """
    return nh3.clean(
        shallow(_CONTROL.sub("", check_size(html, limit))),
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        attribute_filter=_filter,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _filter(tag: str, attribute: str, value: str) -> str | None:
    if (tag, attribute) == ("img", "src") and not value.startswith(("https://", "cid:")):
        return None
    return value


def text_to_html(text: str, *, limit: int = MAX_BODY) -> str:
    """Plain text as paragraphs; markup in it is shown, not obeyed. Raises BodyTooLong."""
    paragraphs = re.split(r"\n\s*\n", check_size(text, limit).replace("\r\n", "\n").strip())
    return "".join(f"<p>{_escaped(part)}</p>" for part in paragraphs if part)


def _escaped(part: str) -> str:
    plain = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("\n", "<br>")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[str] = []
        self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._preformatted += tag == "pre"
        if tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        if tag == "a":
            self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        self._preformatted -= tag == "pre" and self._preformatted > 0
        if tag == "a" and self._links:
            link = self._links.pop()
            shown = "".join(self.parts[-1:]).strip()
            if link.startswith(("http://", "https://")) and shown != link:
                self.parts.append(f" <{link}>")
        elif tag in _BLOCKS and tag != "li":
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data if self._preformatted else re.sub(r"\s+", " ", data))


def html_to_text(html: str, *, limit: int = MAX_BODY) -> str:
    """The readable text of HTML: blocks apart, list items dashed, links with their address."""
    parser = _Text()
    parser.feed(clean_html(html, limit=limit))
    parser.close()
    lines = [line.strip() for line in "".join(parser.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
