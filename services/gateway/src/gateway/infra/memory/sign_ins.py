"""Known devices and failed tries in memory. Docstrings: application/store.py."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from gateway.domain.text import fold_email
from gateway.domain.tries import Tries


@dataclass(frozen=True)
class Device:
    """One browser of one account."""

    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


Devices = dict[tuple[bytes, UUID], Device]


class MemoryDevices:
    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    async def knows(self, token_hash: bytes, user_id: UUID, now: datetime) -> bool:
        found = self._devices.get((token_hash, user_id))
        return found is not None and found.ended_at is None and now < found.expires_at

    async def has_any(self, user_id: UUID) -> bool:
        return any(owner == user_id for _, owner in self._devices)

    async def add(
        self, token_hash: bytes, user_id: UUID, at: datetime, expires_at: datetime
    ) -> None:
        self._devices[token_hash, user_id] = Device(at, expires_at)

    async def seen(
        self, token_hash: bytes, user_id: UUID, at: datetime, expires_at: datetime
    ) -> None:
        self._devices[token_hash, user_id] = Device(at, expires_at)

    async def replace(self, old_hash: bytes, new_hash: bytes, *, newcomer: UUID) -> None:
        for (token, owner), device in list(self._devices.items()):
            if token == old_hash and owner != newcomer and device.ended_at is None:
                self._devices[new_hash, owner] = self._devices.pop((token, owner))

    async def end_all(self, user_id: UUID, at: datetime) -> None:
        for key, device in self._devices.items():
            if key[1] == user_id and device.ended_at is None:
                self._devices[key] = replace(device, ended_at=at)


class MemoryTries:
    def __init__(self, tries: dict[str, Tries]) -> None:
        self._tries = tries

    async def hold(self, email: str) -> Tries:
        return self._tries.get(fold_email(email), Tries())

    async def keep(self, email: str, tries: Tries) -> None:
        self._tries[fold_email(email)] = tries

    async def forget(self, email: str) -> None:
        self._tries.pop(fold_email(email), None)
