"""Known and unknown addresses cost the same, so the time of an answer tells nothing.

Compared by the CPU time of this process, all threads: other load on the machine does not count.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from itertools import count

from deskstream_eventstore import Database
from gateway.domain.errors import SignInFailed
from gateway.infra.argon2_passwords import Argon2Passwords
from gateway.testing import Cast, Rig, cheap_app

ROUNDS = 5


async def cost(step: Callable[[], Awaitable[object]]) -> float:
    start = time.process_time()
    await step()
    return time.process_time() - start


async def compare(
    one: Callable[[], Awaitable[object]], two: Callable[[], Awaitable[object]]
) -> float:
    """Median cost of the first over that of the second, taken in turns."""
    pairs = [(await cost(one), await cost(two)) for _ in range(ROUNDS)]
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


def at_full_cost(rig: Rig) -> Cast:
    app = cheap_app(rig.store, rig.queries, rig.audit, rig.clock, passwords=Argon2Passwords())
    return Cast(Rig(**{**vars(rig), "app": app}))


async def test_signing_in_and_registering_work_as_long_for_nobody(
    real_rig: Rig, database: Database
) -> None:
    people = at_full_cost(real_rig)
    await people.support()
    await people.agent()
    numbers = count()

    async def refused(email: str) -> None:
        try:
            await people.sign_in(email, "wrong words entirely")
        except SignInFailed:
            return
        raise AssertionError("signed in")

    ratio = await compare(lambda: refused("ada@shop.test"), lambda: refused("nobody@shop.test"))
    assert 0.75 < ratio < 1.33
    ratio = await compare(
        lambda: people.register("ada@shop.test"),
        lambda: people.register(f"new{next(numbers)}@shop.test"),
    )
    assert 0.75 < ratio < 1.33
