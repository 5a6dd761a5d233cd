"""Mail addresses and the words that stand beside them in headers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_LONGEST = 200


@dataclass(frozen=True)
class Recipient:
    """Whom a mail goes to."""

    address: str
    name: str | None = None


def normal(address: str) -> str:
    """The form in which addresses are compared: without outer blanks, case-folded."""
    return address.strip().casefold()


def one_line(text: str) -> str:
    """Text that is safe in a header: control characters and line ends become one blank.

    Cut at 200 characters, so that no header grows without end.
    """
    line = _UNSAFE.sub(" ", text).strip()
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"


def distinct(
    to: Iterable[Recipient], cc: Iterable[Recipient], *, own: str
) -> tuple[tuple[Recipient, ...], tuple[Recipient, ...]]:
    """Each address once, the first place wins (to before cc), our own left out."""
    seen = {normal(own)}

    def fresh(recipients: Iterable[Recipient]) -> tuple[Recipient, ...]:
        kept = []
        for recipient in recipients:
            if normal(recipient.address) not in seen:
                seen.add(normal(recipient.address))
                kept.append(recipient)
        return tuple(kept)

    return fresh(to), fresh(cc)
