"""The hasher: right, bounded, and as slow for nobody as for somebody."""

import asyncio
import statistics
import time

import pytest

from gateway.domain.errors import Busy
from gateway.infra.argon2_passwords import Argon2Passwords, Cost

PASSWORD = "seven blue lamps hum"


async def test_only_the_right_password_fits() -> None:
    passwords = Argon2Passwords(Cost(8, 1))
    kept = await passwords.hash(PASSWORD)
    assert (await passwords.verify(kept, PASSWORD)).right
    assert not (await passwords.verify(kept, PASSWORD + "!")).right
    assert not (await passwords.verify("not a hash", PASSWORD)).right
    assert not (await passwords.verify(None, PASSWORD)).right


async def test_the_default_cost_is_46_mib_two_passes_one_lane() -> None:
    kept = await Argon2Passwords().hash(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=47104,t=2,p=1$")


async def test_a_hash_of_an_older_cost_is_told() -> None:
    kept = await Argon2Passwords(Cost(8, 1)).hash(PASSWORD)
    verdict = await Argon2Passwords(Cost(16, 1)).verify(kept, PASSWORD)
    assert (verdict.right, verdict.outdated) == (True, True)


async def test_nobody_takes_as_long_as_a_wrong_password() -> None:
    passwords = Argon2Passwords(Cost(8 * 1024, 1))
    kept = await passwords.hash(PASSWORD)
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(9):
        for known in (True, False):
            start = time.perf_counter()
            await passwords.verify(kept if known else None, "wrong words entirely")
            times[known].append(time.perf_counter() - start)
    ratio = statistics.median(times[True]) / statistics.median(times[False])
    assert 0.5 < ratio < 2


async def test_beyond_its_room_it_says_busy_at_once_and_recovers() -> None:
    passwords = Argon2Passwords(Cost(1024, 1), slots=1, waiting=2)
    results = await asyncio.gather(
        *(passwords.hash(PASSWORD) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(r, Busy) for r in results) == 5
    assert sum(isinstance(r, str) for r in results) == 3
    assert await passwords.hash(PASSWORD)


async def test_a_storm_of_strangers_keeps_nobody_else_out() -> None:
    passwords = Argon2Passwords(Cost(1024, 1), slots=2, waiting=2)
    done: list[str] = []

    async def check(name: str, *, stranger: bool) -> None:
        await passwords.verify(None, PASSWORD, stranger=stranger)
        done.append(name)

    storm = [asyncio.create_task(check("stranger", stranger=True)) for _ in range(40)]
    await asyncio.sleep(0)
    await check("owner", stranger=False)
    assert done.count("stranger") <= 2
    results = await asyncio.gather(*storm, return_exceptions=True)
    assert sum(isinstance(r, Busy) for r in results) == 36


async def test_the_loop_goes_on_while_it_hashes() -> None:
    passwords = Argon2Passwords()
    hashing = asyncio.create_task(passwords.hash(PASSWORD))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


async def test_nothing_runs_after_closing() -> None:
    passwords = Argon2Passwords(Cost(8, 1))
    passwords.close()
    with pytest.raises(RuntimeError):
        await passwords.hash(PASSWORD)
