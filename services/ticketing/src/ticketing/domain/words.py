"""What counts as a word when tickets are searched, the same in texts and in questions."""

import re
import unicodedata

LONGEST = 60
MOST = 5000
"""Different words of one message that are kept."""
_WORD = re.compile(r"[^\W_]+")


def words_of(*parts: str | None) -> list[str]:
    """Each once, in the order of the text, without regard to case or width."""
    text = unicodedata.normalize("NFKC", " ".join(part for part in parts if part)).casefold()
    found = dict.fromkeys(word[:LONGEST] for word in _WORD.findall(text))
    return list(found)[:MOST]
