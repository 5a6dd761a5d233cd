"""Faults 7, 8, 9: the relay is killed before, in the middle of and after sending a batch."""

from collections.abc import Awaitable, Callable

import pytest
from drills.place import Place
from drills.record import Drill

Fresh = Callable[[], Awaitable[Place]]
BATCH = 1000
EVENTS = 1200


async def kill_at(place: Place, point: str, kind: str = "Ours") -> tuple[int, int, int]:
    """Kill a relay with SIGKILL in its second batch, at this point; then run ours to the end.

    Its exit status, where its checkpoint was before the batch and where it is after the kill."""
    async with place.relaying(point, kind=kind) as relay:
        await relay.hears("at", point=point)
        relay.say()
        await relay.hears("at", point=point)
        before = await place.checkpoint()
        status = await relay.kill()
    after = await place.checkpoint()
    await place.client.fill(20)
    async with place.relaying():
        await place.all_published()
    return status, before, after


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("before_send", marks=pytest.mark.fault(7)),
        pytest.param("mid_batch", marks=pytest.mark.fault(8)),
        pytest.param("after_acks", marks=[pytest.mark.fault(9), pytest.mark.smoke]),
    ],
)
async def test_a_killed_relay_loses_nothing_and_doubles_one_batch_at_most(
    drill: Drill, fresh_place: Fresh, point: str
) -> None:
    place = await fresh_place()
    await place.client.fill(EVENTS)
    status, before, after = await kill_at(place, point)
    drill.saw(status == -9 and before == after == BATCH, f"SIGKILL {point}, checkpoint {after}")
    verdict = await place.verdict()
    sent_before_the_kill = {"before_send": 0, "mid_batch": 100, "after_acks": 200}[point]
    drill.kept(verdict.clean and len(verdict.epochs) == 2, str(verdict))
    drill.kept(verdict.copies == sent_before_the_kill <= BATCH, f"{verdict.copies} sent twice")


@pytest.mark.fault(8)
async def test_a_checkpoint_before_the_acks_loses_what_was_not_sent(
    drill: Drill, fresh_place: Fresh
) -> None:
    naive, ours = await fresh_place(), await fresh_place()
    await naive.client.fill(EVENTS)
    status, _, after = await kill_at(naive, "mid_batch", "CheckpointFirst")
    drill.saw(status == -9 and after == EVENTS, "SIGKILL between checkpoint and acks")
    verdict = await naive.verdict()
    drill.bit(verdict.missing == 100, f"checkpoint before acks: {verdict}")
    await ours.client.fill(EVENTS)
    await kill_at(ours, "mid_batch")
    drill.kept((found := await ours.verdict()).clean, f"ours at the same point: {found}")
