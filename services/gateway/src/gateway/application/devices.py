"""Known devices: from which browsers an account has signed in."""

from collections.abc import Callable
from datetime import datetime

from gateway.application.store import GatewayWork
from gateway.domain.known_device import DEVICE_TTL, device_hash, device_token
from gateway.domain.user import User


class KnownDevices:
    """Their cookies carry `device_token`; the store keeps its SHA-256."""

    def __init__(self, pepper: bytes, new_secret: Callable[[], str]) -> None:
        self._pepper, self._new_secret = pepper, new_secret

    async def welcome(
        self, work: GatewayWork, user: User, token: str | None, *, name: str, at: datetime
    ) -> str:
        """He has just signed in from a browser with this cookie, or none; returns the one that it
        keeps from now on.

        A browser that was not known for him gets a fresh one, which also takes over for those who
        were known there: nobody's copy of the old one counts for another account. He is told of
        it, once, unless it is the account's very first.
        """
        until = at + DEVICE_TTL
        if token is not None and await work.devices.knows(device_hash(token), user.user_id, at):
            await work.devices.seen(device_hash(token), user.user_id, at, until)
            return token
        fresh = device_token(self._pepper, self._new_secret())
        if token is not None:
            old, new = device_hash(token), device_hash(fresh)
            await work.devices.replace(old, new, newcomer=user.user_id)
        if await work.devices.has_any(user.user_id):
            user.see_new_device(name, at)
            work.users.save(user)
        await work.devices.add(device_hash(fresh), user.user_id, at, until)
        return fresh
