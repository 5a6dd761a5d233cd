"""Which passwords are accepted: length, and not one that everybody knows. No composition rules."""

import itertools
import unicodedata
from collections.abc import Collection, Iterable

from gateway.domain.errors import WeakPassword
from gateway.domain.text import fold_email

MINIMUM = 12
MINIMUM_WITHOUT_FACTOR = 15
MAXIMUM = 256
"""A bound on what is hashed, far above any passphrase."""


def normal_password(password: str) -> str:
    """The form that is hashed and compared: NFKC, so that every keyboard types the same one."""
    return unicodedata.normalize("NFKC", password)


def accept_password(
    password: str,
    *,
    common: Collection[str],
    personal: Iterable[str] = (),
    has_factor: bool = False,
    field: str = "password",
) -> str:
    """The normal form of an acceptable password. Raises WeakPassword.

    `common` holds case-folded passwords that everybody knows; `personal` is what a stranger would
    try first for this person (address, name).
    """
    normal = normal_password(password)
    least = MINIMUM if has_factor else MINIMUM_WITHOUT_FACTOR
    if len(normal) < least:
        raise WeakPassword(f"must have at least {least} characters", field=field)
    if len(normal) > MAXIMUM:
        raise WeakPassword(f"must have at most {MAXIMUM} characters", field=field)
    folded = normal.casefold()
    if folded in common or _core(folded) in common or _repeats(folded) or _runs(folded):
        raise WeakPassword("is one of those that are tried first", field=field)
    if any(_core(folded) == _core(part) for word in personal for part in _parts(word)):
        raise WeakPassword("must not be your own name or address", field=field)
    return normal


def _core(folded: str) -> str:
    """Without the digits and signs that people hang on: `welcome2024!!!!` is `welcome`."""
    return folded.strip("0123456789!?.,-_#*+@$%& ")


def _parts(word: str) -> list[str]:
    """An address or name as a whole, without blanks, and an address without its host."""
    folded = fold_email(word)
    return [p for p in (folded, folded.replace(" ", ""), folded.partition("@")[0]) if p]


def _repeats(folded: str) -> bool:
    """A piece of at most four characters over and over."""
    return any(
        (folded[:size] * (len(folded) // size + 1))[: len(folded)] == folded for size in range(1, 5)
    )


def _runs(folded: str) -> bool:
    """Nothing but steps of one, up or down: `abcdefghijklmno`, `987654321098765`."""
    steps = {
        (ord(b) - ord(a)) % 10 if a.isdigit() and b.isdigit() else ord(b) - ord(a)
        for a, b in itertools.pairwise(folded)
    }
    return steps in ({1}, {9}, {-1})
