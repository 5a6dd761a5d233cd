"""Secrets that cost little and hide nothing."""

from gateway.infra.argon2_passwords import Argon2Passwords, Cost


def cheap_passwords(**bounds: int) -> Argon2Passwords:
    """The real hasher at the least cost that Argon2 allows."""
    return Argon2Passwords(Cost(memory_kib=8, passes=1), **bounds)


class PlainSealer:
    """Seals nothing: tests read the token out of the event."""

    def seal(self, plain: str) -> str:
        """`sealed:` and the value."""
        return f"sealed:{plain}"
