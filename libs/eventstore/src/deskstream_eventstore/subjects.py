"""Keyed hashes of people, so that a person's events can be found without naming him."""

import hashlib
import hmac

SHORTEST_KEY = 32


class SubjectHasher:
    """HMAC-SHA256 of `kind:value`, case-folded and trimmed. The key is shared by all services."""

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"the subject key needs at least {SHORTEST_KEY} bytes")
        self.key = key

    def hash(self, person: str) -> str:
        """64 hex digits for `mail:…`, `phone:…`, `user:…` or `customer:…`."""
        normal = person.strip().casefold().encode()
        return hmac.new(self.key, normal, hashlib.sha256).hexdigest()

    def hashes(self, people: tuple[str, ...]) -> tuple[str, ...]:
        """Distinct hashes, in order."""
        return tuple(dict.fromkeys(self.hash(person) for person in people))
