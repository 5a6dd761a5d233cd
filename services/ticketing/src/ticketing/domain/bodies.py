"""Texts of messages. Cleaning is a library's work; the limits are ours."""

from dataclasses import dataclass

from ticketing.domain.errors import BodyMissing, BodyTooLarge

BODY_LIMIT = 256 * 1024
"""Bytes of UTF-8, before and after cleaning (04-domain.md §3)."""


@dataclass(frozen=True)
class Body:
    """A text that is safe to show: cleaned HTML and the plain text of it."""

    html: str
    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise BodyMissing("the text is empty", field="body_html")
        within(self.html)
        within(self.text)


def within(text: str) -> str:
    """The text itself. Raises BodyTooLarge."""
    if len(text) > BODY_LIMIT or len(text.encode("utf-8", "surrogatepass")) > BODY_LIMIT:
        raise BodyTooLarge(f"at most {BODY_LIMIT} bytes", field="body_html", limit=BODY_LIMIT)
    return text


def signed(body: Body, signature: Body | None) -> Body:
    """With the signature below, as mail programs know it: behind a line of two dashes. Raises
    BodyTooLarge."""
    if signature is None:
        return body
    return Body(f"{body.html}<p>-- </p>{signature.html}", f"{body.text}\n\n-- \n{signature.text}")
