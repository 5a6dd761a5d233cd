"""Somebody who guesses passwords, in a process of his own: as many tries as he gets answers to."""

import asyncio
import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import aiohttp
from drills.actors.telling import order, settings, tell

WORKERS = {"one account": 12, "one address": 12, "many of both": 8}
"""More than may wait for hashes at a time by the limits, and more than there are slots."""
PAUSE = 0.1
"""Seconds between the tries of one worker, on average: many who know nothing of each other."""


class Storm:
    """`kind` of a storm: which account, and from where, each try is."""

    def __init__(self, url: str, victim: str) -> None:
        self._url, self._victim = url, victim
        self.answers: dict[str, Counter[int]] = {}
        self.seconds: dict[str, float] = {}
        """For which tries were begun."""

    def tries(self, kind: str) -> Iterator[tuple[str, str]]:
        """Account and address of one try after the other."""
        for n in itertools.count():
            somewhere = f"100.{64 + n // 65536 % 64}.{n // 256 % 256}.{n % 256}"
            match kind:
                case "one account":
                    yield self._victim, somewhere
                case "one address":
                    yield f"a{n}@desk.test", "192.0.2.66"
                case "many of both":
                    yield f"b{n}@desk.test", somewhere.replace("100.", "101.", 1)

    async def rage(self, kind: str, client: aiohttp.ClientSession, over: asyncio.Event) -> None:
        """Until it is over."""
        chance = random.Random(kind)
        tries, found = self.tries(kind), self.answers.setdefault(kind, Counter())

        async def work() -> None:
            while not over.is_set():
                email, address = next(tries)
                headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": address}
                body = {"email": email, "password": "not the right words"}
                async with client.post(self._url, json=body, headers=headers) as answer:
                    await answer.read()
                    found[answer.status] += 1
                await asyncio.sleep(chance.expovariate(1 / PAUSE))

        began = time.monotonic()
        working = asyncio.gather(*(work() for _ in range(WORKERS[kind])))
        await over.wait()
        self.seconds[kind] = time.monotonic() - began
        await working


async def main() -> None:
    """Storms of the kinds that are ordered, until told to end."""
    os.nice(10)  # who attacks has machines of his own
    given = settings()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:
        tell("ready")
        while (kinds := await order()) is not None:
            storm, over = Storm(given["url"], given["victim"]), asyncio.Event()
            raging = [asyncio.create_task(storm.rage(kind, client, over)) for kind in kinds]
            tell("began")
            await order()
            over.set()
            await asyncio.gather(*raging)
            answers = {
                kind: {str(status): count for status, count in found.items()}
                for kind, found in storm.answers.items()
            }
            tell("ended", answers=answers, seconds=storm.seconds)


if __name__ == "__main__":
    asyncio.run(main())
