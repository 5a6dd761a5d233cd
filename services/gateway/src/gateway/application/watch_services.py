"""One list over all services of what waits for a person, and of how far each is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

from gateway.application.service_operations import (
    ConsumerLag,
    DeadLetter,
    Effect,
    EffectStatus,
    ParkedEvent,
    RelayLag,
    ServiceOperations,
    ServiceSilent,
)
from gateway.domain.errors import InvalidInput

T = TypeVar("T")
Kind = Literal["relay", "consumer", "parked", "dead_letter"]
ORDER: tuple[Kind, ...] = ("relay", "consumer", "parked", "dead_letter")
UNSURE: tuple[EffectStatus, ...] = ("held", "sending")


class Place(NamedTuple):
    """Where something stands in a list."""

    rank: int
    age: str
    name: str


@dataclass(frozen=True)
class ParkedStream:
    """A stream of which `events` wait; `first` is the one that stopped it."""

    first: ParkedEvent
    events: int


@dataclass(frozen=True)
class Line(Generic[T]):
    """What one service says, and where it stands in the list."""

    service: str
    kind: str
    place: Place
    what: T


@dataclass(frozen=True)
class Told(Generic[T]):
    """In order. `partial` names the services that did not answer, each with a stable code."""

    lines: Sequence[Line[T]]
    partial: Mapping[str, str]


Watched = RelayLag | ConsumerLag | ParkedStream | DeadLetter


class WatchServices:
    """Asks the services at once; one that is silent is named and hides nothing of the others."""

    def __init__(self, services: Mapping[str, ServiceOperations]) -> None:
        self._services = dict(services)

    async def streams(self, service: str | None = None, kind: Kind | None = None) -> Told[Watched]:
        """Relays and consumers first, then what is set aside, oldest first: of each service and
        kind at most what it tells at once. Raises InvalidInput for an unknown service."""
        wanted = ORDER if kind is None else (kind,)

        async def ask(name: str, one: ServiceOperations) -> list[Line[Watched]]:
            lines: list[Line[Watched]] = []
            if "relay" in wanted or "consumer" in wanted:
                lag = await one.lag()
                lines += [_line(name, "relay", "", name, lag.relay)]
                lines += [
                    _line(name, "consumer", "", f"{name}/{c.consumer}", c) for c in lag.consumers
                ]
            if "parked" in wanted:
                lines += [_parked_line(name, found) for found in _by_stream(await one.parked())]
            if "dead_letter" in wanted:
                for letter in await one.dead_letters():
                    age, ident = letter.at.isoformat(), str(letter.id)
                    lines.append(_line(name, "dead_letter", age, f"{name}/{ident}", letter))
            return [line for line in lines if line.kind in wanted]

        return await self._all(service, ask)

    async def effects(
        self,
        service: str | None = None,
        kind: str | None = None,
        status: EffectStatus | None = None,
    ) -> Told[Effect]:
        """Oldest first: of each service and status its newest hundred; without a status those that
        are held, and those of which nobody knows yet. Raises InvalidInput."""

        async def ask(name: str, one: ServiceOperations) -> list[Line[Effect]]:
            found = [e for wanted in _statuses(status) for e in await one.effects(wanted)]
            return [
                Line(name, e.kind, Place(0, e.created_at.isoformat(), f"{name}/{e.key}"), e)
                for e in found
                if kind in (None, e.kind)
            ]

        return await self._all(service, ask)

    async def _all(
        self,
        service: str | None,
        ask: Callable[[str, ServiceOperations], Awaitable[list[Line[T]]]],
    ) -> Told[T]:
        if service is not None and service not in self._services:
            raise InvalidInput("no such service", field="service")
        chosen = {n: one for n, one in self._services.items() if service in (None, n)}
        partial: dict[str, str] = {}

        async def asked(name: str, one: ServiceOperations) -> list[Line[T]]:
            try:
                return await ask(name, one)
            except ServiceSilent as silent:
                partial[name] = silent.code
                return []

        answers = await asyncio.gather(*(asked(name, one) for name, one in chosen.items()))
        lines = [line for answer in answers for line in answer]
        return Told(sorted(lines, key=lambda line: line.place), dict(sorted(partial.items())))


def _line(service: str, kind: Kind, age: str, name: str, what: Watched) -> Line[Watched]:
    return Line(service, kind, Place(ORDER.index(kind), age, name), what)


def _parked_line(service: str, found: ParkedStream) -> Line[Watched]:
    first = found.first
    name = f"{service}/{first.consumer}/{first.stream_id}"
    return _line(service, "parked", first.parked_at.isoformat(), name, found)


def _by_stream(events: Sequence[ParkedEvent]) -> list[ParkedStream]:
    def stream(event: ParkedEvent) -> tuple[str, UUID]:
        return event.consumer, event.stream_id

    ordered = sorted(events, key=lambda e: (e.consumer, e.stream_id, e.version))
    groups = [list(group) for _, group in groupby(ordered, key=stream)]
    return [ParkedStream(group[0], len(group)) for group in groups]


def _statuses(status: EffectStatus | None) -> tuple[EffectStatus, ...]:
    return UNSURE if status is None else (status,)
