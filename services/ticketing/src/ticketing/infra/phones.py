"""Telephone numbers in one form."""

import phonenumbers

WITHHELD = frozenset({"", "anonymous", "private", "restricted", "unavailable", "unknown"})


class NumberPlan:
    """As record_call.Phones; what is told without a country is read as one of `region`."""

    def __init__(self, region: str) -> None:
        self._region = region

    def __call__(self, told: str | None) -> str | None:
        """E.164 where it is a number that exists, by its country's plan."""
        plain = (told or "").strip()
        if plain.casefold() in WITHHELD:
            return None
        try:
            number = phonenumbers.parse(plain, self._region)
        except phonenumbers.NumberParseException:
            return plain
        if not phonenumbers.is_valid_number(number):
            return plain
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
