"""A manager replays what was set aside, or says what became of an effect.

The owning service decides and keeps who and why; the trail keeps that it was asked, and how it
ended. An idempotency key is not taken: a second replay changes nothing, a second decision is
refused.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.operations import OperationFailed
from deskstream_events.gateway.audit import Action
from gateway.application.acting import staff_of
from gateway.application.service_operations import (
    Decision,
    Effect,
    Replay,
    ServiceOperations,
    ServiceSilent,
    Verdict,
)
from gateway.application.store import Store
from gateway.domain.errors import Forbidden, NotFound

T = TypeVar("T")


@dataclass(frozen=True)
class ReplayParked:
    """Of one consumer, or of each that parked the stream."""

    service: str
    stream: UUID
    reason: str
    consumer: str | None = None


@dataclass(frozen=True)
class ReplayDeadLetter:
    """One letter."""

    service: str
    letter: UUID
    reason: str


@dataclass(frozen=True)
class ResolveEffect:
    """`happened`: it is settled as done. `again`: it is tried once more."""

    effect_id: UUID
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Resolved:
    """Whose effect it was, and its status from now on."""

    service: str
    key: str
    status: str


class DecideOperations:
    """Raises Forbidden below manager, NotFound, ServiceSilent, and OperationFailed where the
    service refuses."""

    def __init__(
        self, services: Mapping[str, ServiceOperations], store: Store, clock: Clock
    ) -> None:
        self._services, self._store, self._clock = dict(services), store, clock

    async def replay_parked(
        self, command: ReplayParked, caller: Caller
    ) -> Sequence[tuple[str, Replay]]:
        """What came of it, by consumer."""
        service, decision = self._of(command.service), _decision(caller, command.reason)
        waiting = await service.parked(command.stream)
        consumers = sorted({event.consumer for event in waiting})
        if command.consumer is not None:
            consumers = [name for name in consumers if name == command.consumer]
        if not consumers:
            raise NotFound("nothing of this stream is parked")
        done = []
        for consumer in consumers:
            target = f"parked:{command.service}/{consumer}/{command.stream}"

            async def replay(name: str = consumer) -> Replay:
                return await service.replay_parked(name, command.stream, decision)

            replayed = await self._told(caller, "replayed", target, replay, _outcome)
            done.append((consumer, replayed))
        return done

    async def replay_dead_letter(self, command: ReplayDeadLetter, caller: Caller) -> Replay:
        """What came of it."""
        service, decision = self._of(command.service), _decision(caller, command.reason)
        target = f"letter:{command.service}/{command.letter}"
        return await self._told(
            caller,
            "replayed",
            target,
            lambda: service.replay_dead_letter(command.letter, decision),
            _outcome,
        )

    async def resolve(self, command: ResolveEffect, caller: Caller) -> Resolved:
        """Its owner is found by asking all; a silent one is an answer only if no other has it."""
        decision = _decision(caller, command.reason)
        name, effect = await self._owner(command.effect_id)
        status = await self._told(
            caller,
            "effect_resolved",
            f"effect:{name}/{command.effect_id}",
            lambda: self._services[name].resolve(effect.key, command.verdict, decision),
            lambda _: (command.verdict, True),
        )
        return Resolved(name, effect.key, status)

    async def _owner(self, effect_id: UUID) -> tuple[str, Effect]:
        silent: ServiceSilent | None = None
        for name, service in self._services.items():
            try:
                found = await service.effects(effect_id=effect_id)
            except ServiceSilent as error:
                silent = error
                continue
            if found:
                return name, found[0]
        if silent is not None:
            raise silent
        raise NotFound("no such effect, or it is done")

    def _of(self, name: str) -> ServiceOperations:
        if name not in self._services:
            raise NotFound("no such service")
        return self._services[name]

    async def _told(
        self,
        caller: Caller,
        action: Action,
        target: str,
        act: Callable[[], Awaitable[T]],
        code_of: Callable[[T], tuple[str, bool]],
    ) -> T:
        try:
            result = await act()
        except (OperationFailed, ServiceSilent) as error:
            await self._audit(caller, action, target, error.code, well=False)
            raise
        code, well = code_of(result)
        await self._audit(caller, action, target, code, well=well)
        return result

    async def _audit(
        self, caller: Caller, action: Action, target: str, code: str, *, well: bool
    ) -> None:
        outcome: Literal["ok", "failed"] = "ok" if well else "failed"
        async with self._store.work(caller.origin) as work:
            work.audit(action, outcome, at=self._clock.now(), target=target, code=code)


def _decision(caller: Caller, reason: str) -> Decision:
    if staff_of(caller).role not in ("admin", "manager"):
        raise Forbidden("only managers may do this")
    return Decision(caller.actor.ref, reason, caller.origin.correlation_id)


def _outcome(replay: Replay) -> tuple[str, bool]:
    return replay.outcome, replay.outcome != "parked"
