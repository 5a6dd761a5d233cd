"""An admin makes an API key."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import staff_of
from gateway.application.store import Store
from gateway.domain.api_key import (
    ALPHABET,
    ID_LENGTH,
    SECRET_LENGTH,
    ApiKey,
    accept_life,
    accept_scopes,
    secret_hash,
    spell,
)
from gateway.domain.text import NAME_LIMIT, clean_line


@dataclass(frozen=True)
class CreateKey:
    """`rate_per_minute` None: the rate of the class `api`."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    rate_per_minute: int | None = None


@dataclass(frozen=True)
class CreatedKey:
    """`secret` is shown this once and kept nowhere."""

    key: ApiKey
    secret: str = field(repr=False)


class CreateKeyHandler:
    """A key that works at once. Repeating the request under its idempotency key is refused: the
    secret is shown once. Raises InvalidInput, UnknownScope, Forbidden.
    """

    def __init__(
        self, store: Store, clock: Clock, pepper: bytes, random_text: Callable[[str, int], str]
    ) -> None:
        self._store, self._clock = store, clock
        self._pepper, self._random_text = pepper, random_text

    async def __call__(self, command: CreateKey, caller: Caller) -> CreatedKey:
        by, now = staff_of(caller), self._clock.now()
        accept_life(expires_at=command.expires_at, rate_per_minute=command.rate_per_minute, now=now)
        key = ApiKey(
            key_id=self._random_text(ALPHABET, ID_LENGTH),
            name=clean_line(command.name, limit=NAME_LIMIT, field="name"),
            scopes=accept_scopes(command.scopes, creator=by.role),
            rate_per_minute=command.rate_per_minute,
            created_by=by.user_id,
            created_at=now,
            expires_at=command.expires_at,
        )
        secret = self._random_text(ALPHABET, SECRET_LENGTH)
        async with self._store.work(caller.origin) as work:
            await work.once()
            await work.keys.add(key, secret_hash(self._pepper, key.key_id, secret))
            work.audit("key_created", at=now, target=f"key:{key.key_id}")
        return CreatedKey(key, spell(key.key_id, secret))
