"""On whose behalf a use case runs, and running one command once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import TypeAdapter

from deskstream_chassis.access import Actor, system
from deskstream_chassis.ids import new_id
from deskstream_eventstore import AlreadyDone, Origin, retrying

C = TypeVar("C")
R = TypeVar("R")


class FingerprintMissing(RuntimeError):
    """A streamed request carries an Idempotency-Key, and its content hash was not given yet."""


@dataclass(frozen=True)
class Caller:
    """Who asks (`actor`), and the correlation, trace and Idempotency-Key to keep (`origin`)."""

    actor: Actor
    origin: Origin

    async def once(
        self, handler: Callable[[C, "Caller"], Awaitable[R]], command: C, result_type: type[R]
    ) -> R:
        """Run `handler(command, self)`; on a lost race reload and decide again, at most 3 times.

        If the same Idempotency-Key has been done before, the stored answer is returned, read as
        `result_type`. Raises Conflict, KeyReused, InFlight, and whatever the handler raises.
        The handler checks access first, then calls `work.once()`, then decides.
        """
        key = self.origin.idempotency
        if key is not None and not key.fingerprint:
            raise FingerprintMissing("call Caller.fingerprinted with the content hash first")
        try:
            return await retrying(lambda: handler(command, self))
        except AlreadyDone as done:
            adapter: TypeAdapter[R] = TypeAdapter(result_type)
            return adapter.validate_python(done.result)

    def fingerprinted(self, content_hash: str) -> "Caller":
        """For a streamed upload: the same caller, its key bound to this content hash."""
        key = self.origin.idempotency
        if key is None:
            return self
        bound = replace(key, fingerprint=content_hash)
        return replace(self, origin=replace(self.origin, idempotency=bound))


def system_caller(name: str, origin: Origin | None = None) -> Caller:
    """The product itself (a timer, a consumer): `system:<name>`, with a correlation of its own.

    A consumer passes `fact.origin("system:<name>")`, so that correlation and trace go on.
    """
    actor = system(name)
    return Caller(actor, origin or Origin(actor=actor.ref, correlation_id=str(new_id())))
