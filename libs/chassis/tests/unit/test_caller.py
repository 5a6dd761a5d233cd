"""One command, once: races are decided again, repeats get the stored answer."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.caller import Caller, FingerprintMissing, system_caller
from deskstream_chassis.ids import new_id
from deskstream_eventstore import AlreadyDone, Conflict, Idempotency, InFlight, Origin

AGENT = Actor("user", str(new_id()), Role.AGENT)


@dataclass(frozen=True)
class Opened:
    id: UUID
    number: int


class Handler:
    """Answers or raises, in the given order."""

    def __init__(self, *outcomes: Opened | Exception) -> None:
        self.outcomes, self.asked = list(outcomes), 0

    async def __call__(self, command: str, caller: Caller) -> Opened:
        self.asked += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def caller(fingerprint: str | None = None) -> Caller:
    key = None
    if fingerprint is not None:
        key = Idempotency(AGENT.ref, "POST", "/x", "k", fingerprint)
    return Caller(AGENT, Origin(AGENT.ref, "c", idempotency=key))


OPENED = Opened(new_id(), 7)


async def test_a_lost_race_is_decided_again() -> None:
    handler = Handler(Conflict(), Conflict(), OPENED)
    assert await caller().once(handler, "open", Opened) == OPENED
    assert handler.asked == 3


async def test_a_race_lost_three_times_is_a_conflict() -> None:
    handler = Handler(Conflict(), Conflict(), Conflict(), OPENED)
    with pytest.raises(Conflict):
        await caller().once(handler, "open", Opened)
    assert handler.asked == 3


async def test_a_repeat_gets_the_stored_answer_as_its_type() -> None:
    stored = {"id": str(OPENED.id), "number": 7}
    assert await caller("f").once(Handler(AlreadyDone(stored)), "open", Opened) == OPENED


async def test_other_errors_are_the_caller_s() -> None:
    with pytest.raises(InFlight):
        await caller("f").once(Handler(InFlight()), "open", Opened)


async def test_an_upload_must_give_its_hash_first() -> None:
    with pytest.raises(FingerprintMissing):
        await caller("").once(Handler(OPENED), "open", Opened)
    bound = caller("").fingerprinted("abc")
    assert await bound.once(Handler(OPENED), "open", Opened) == OPENED
    assert caller().fingerprinted("abc") == caller()


def test_the_product_acts_as_itself() -> None:
    timer = system_caller("release-timer")
    assert timer.origin.actor == timer.actor.ref == "system:release-timer"
    assert timer.origin.correlation_id != system_caller("release-timer").origin.correlation_id
