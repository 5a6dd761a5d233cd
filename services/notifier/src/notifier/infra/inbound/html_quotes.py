"""Where an HTML mail quotes what it answers: mail programs mark it."""

import re
from html.parser import HTMLParser
from typing import Final

import nh3

from deskstream_chassis.html import shallow
from notifier.infra.inbound.quotes import Split

_VOID: Final = frozenset({"br", "col", "hr", "img", "wbr"})
_QUOTE_CLASSES: Final = frozenset(
    {
        "gmail_quote", "gmail_quote_container", "yahoo_quoted", "moz-cite-prefix",
        "protonmail_quote", "tutanota_quote", "zmail_extra",
    }
)  # fmt: skip
_REST_IDS: Final = frozenset(
    {"appendonsend", "divrplyfwdmsg", "x_divrplyfwdmsg", "mail-editor-reference-message-container"}
)
_OUTLOOK_LINE: Final = re.compile(r"border-top:\s*solid\s+#(?:e1e1e1|b5c4df)", re.IGNORECASE)
_BLANK: Final = "\xa0\u200b \n\r\t"


def split_html(html: str) -> Split:
    """Cut at the first mark of a quote, unless the sender wrote below it. Not clean yet: only well
    formed, so that marks can be found in time that grows with the length alone."""
    formed = nh3.clean(
        shallow(html),
        tags=nh3.ALLOWED_TAGS | {"s"},
        clean_content_tags={"script", "style", "title"},
        attributes={
            "*": {"class", "id", "style", "title", "type"},
            "a": {"href"},
            "img": {"src", "alt", "width", "height"},
            "td": {"colspan", "rowspan"},
            "th": {"colspan", "rowspan", "scope"},
            "ol": {"start"},
        },
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel=None,
    )
    finder = _Finder(formed)
    finder.feed(formed)
    finder.close()
    if finder.cut is None or finder.written_below:
        return Split(formed, None)
    return Split(formed[: finder.cut], formed[finder.cut :])


class _Finder(HTMLParser):
    """`cut`: where the first quote begins. Outlook marks no end: all that follows is quoted."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._lines = [0]
        for found in re.finditer("\n", html):
            self._lines.append(found.end())
        self.cut: int | None = None
        self.written_below = False
        self._to_the_end = False
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._depth:
            self._depth += tag not in _VOID
            return
        given = {name: value or "" for name, value in attrs}
        rest = _begins_the_rest(given)
        if self._to_the_end or not (rest or _is_quote(tag, given)):
            return
        if self.cut is None:
            line, column = self.getpos()
            self.cut = self._lines[line - 1] + column
        self._to_the_end = rest
        self._depth = 1

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag not in _VOID:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        below = self.cut is not None and not self._to_the_end and not self._depth
        if below and data.strip(_BLANK):
            self.written_below = True


def _begins_the_rest(attrs: dict[str, str]) -> bool:
    marked = attrs.get("id", "").casefold() in _REST_IDS
    return marked or _OUTLOOK_LINE.search(attrs.get("style", "")) is not None


def _is_quote(tag: str, attrs: dict[str, str]) -> bool:
    if tag == "blockquote" and attrs.get("type", "").casefold() == "cite":
        return True
    return bool(_QUOTE_CLASSES & set(attrs.get("class", "").casefold().split()))
