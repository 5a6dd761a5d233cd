"""Free text from outside, cleaned before it is kept or shown."""

import unicodedata

from gateway.domain.errors import InvalidInput

NAME_LIMIT = 120
REASON_LIMIT = 500
_JOINERS = {"\u200c", "\u200d"}
"""Zero-width joiners spell names in several scripts; other format characters only deceive."""


def clean_line(text: str, *, limit: int, field: str) -> str:
    """One line in NFC: control and invisible format characters gone, blanks collapsed.

    Raises InvalidInput where nothing is left or it is longer than `limit` characters.
    """
    normal = unicodedata.normalize("NFC", text)
    kept = "".join(" " if c.isspace() else c for c in normal if c.isspace() or _visible(c))
    line = " ".join(kept.split())
    if not any(unicodedata.category(c)[0] in "LNPS" for c in line):
        raise InvalidInput("must not be empty", field=field)
    if len(line) > limit:
        raise InvalidInput(f"must have at most {limit} characters", field=field)
    return line


def clean_reason(text: str | None) -> str | None:
    """Why something was done, where somebody said it. Raises InvalidInput."""
    if not text or not text.strip():
        return None
    return clean_line(text, limit=REASON_LIMIT, field="reason")


def _visible(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character)[0] != "C"


def fold_email(email: str) -> str:
    """The form under which two spellings of one address are the same account."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()
