"""How far behind each service's relay is: what `cron/outbox` tells."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

STANDS_STILL_SECONDS = 60.0
"""A stored event that waits longer means that its relay, or the log, stands still."""


class LagUnknown(Exception):
    """A service did not tell. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ServiceLag(Protocol):
    """One service's own view of its relay and consumers."""

    async def __call__(self) -> Mapping[str, Any]:
        """`{relay: {unpublished, oldest_age_seconds, …}, consumers: […]}`. Raises LagUnknown."""


@dataclass(frozen=True)
class Report:
    """`services` by name, as each tells; `standing_still` names those that do not go on."""

    services: Mapping[str, Mapping[str, Any]]
    standing_still: tuple[str, ...]


class OutboxReport:
    """Asks all services at once. One that cannot be asked stands still."""

    def __init__(self, sources: Mapping[str, ServiceLag]) -> None:
        self._sources = dict(sources)

    async def __call__(self) -> Report:
        told = await asyncio.gather(*(self._ask(source) for source in self._sources.values()))
        services = dict(zip(self._sources, told, strict=True))
        still = tuple(name for name, lag in services.items() if _stands_still(lag))
        return Report(services, still)

    async def _ask(self, source: ServiceLag) -> Mapping[str, Any]:
        try:
            return await source()
        except LagUnknown as unknown:
            return {"error": unknown.code}


def _stands_still(lag: Mapping[str, Any]) -> bool:
    relay = lag.get("relay")
    return relay is None or float(relay["oldest_age_seconds"]) > STANDS_STILL_SECONDS
