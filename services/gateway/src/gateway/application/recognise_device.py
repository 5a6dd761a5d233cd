"""Whether a browser has signed in to an account before, asked before its password is checked."""

from dataclasses import dataclass, field
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.store import GatewayWork, Store
from gateway.domain.known_device import device_hash
from gateway.domain.session import token_hash


@dataclass(frozen=True)
class RecogniseDevice:
    """`token` of the device's cookie; the account by its address as typed, or by the sign-in that
    is `pending` for it."""

    token: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    pending: str | None = field(default=None, repr=False)


class RecogniseDeviceHandler:
    """True where the device is known for this very account, and still counts."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: RecogniseDevice, caller: Caller) -> bool:
        now, hashed = self._clock.now(), device_hash(command.token)
        async with self._store.work(caller.origin) as work:
            user_id = await _account(work, command)
            return user_id is not None and await work.devices.knows(hashed, user_id, now)


async def _account(work: GatewayWork, command: RecogniseDevice) -> UUID | None:
    if command.email is not None:
        user = await work.users.by_email(command.email)
        return None if user is None else user.user_id
    pending = await work.pending.find(token_hash(command.pending or ""))
    return None if pending is None else pending.user_id
