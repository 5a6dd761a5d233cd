"""An admin gives an API key another secret."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import demand_admin
from gateway.application.create_key import CreatedKey
from gateway.application.store import Store
from gateway.domain.api_key import ALPHABET, SECRET_LENGTH, accept_overlap, secret_hash, spell
from gateway.domain.errors import NotFound, WrongState


@dataclass(frozen=True)
class RotateKey:
    """`overlap`: how long the secret of before still works; nothing ends it at once."""

    key_id: str
    overlap: timedelta


class RotateKeyHandler:
    """The new secret works at once; the one before until the overlap is over; any older one never
    again. Id, scopes, rate and expiry stay.

    Repeating the request under its idempotency key is refused: the secret is shown once. Raises
    NotFound for an unknown or revoked key, WrongState for an expired one, InvalidInput, Forbidden.
    """

    def __init__(
        self, store: Store, clock: Clock, pepper: bytes, random_text: Callable[[str, int], str]
    ) -> None:
        self._store, self._clock = store, clock
        self._pepper, self._random_text = pepper, random_text

    async def __call__(self, command: RotateKey, caller: Caller) -> CreatedKey:
        demand_admin(caller)
        now = self._clock.now()
        until = now + accept_overlap(command.overlap)
        secret = self._random_text(ALPHABET, SECRET_LENGTH)
        async with self._store.work(caller.origin) as work:
            await work.once()
            key = await work.keys.hold(command.key_id)
            if key is None or key.revoked_at is not None:
                raise NotFound("no such key")
            if not key.usable(now):
                raise WrongState("the key has expired")
            hashed = secret_hash(self._pepper, key.key_id, secret)
            await work.keys.rotate(key.key_id, hashed, until)
            work.audit("key_rotated", at=now, target=f"key:{key.key_id}")
        return CreatedKey(replace(key, previous_until=until), spell(key.key_id, secret))
