"""`python -m bench [B1 B2 …]`: run benchmarks on servers of their own; exit 1 on a missed gate."""

import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import uvloop

from bench import consumer, gateway, latency, relay, same_time, sign_in, store, streams
from bench.harness import Result, write
from bench.servers import Servers


async def run(names: list[str]) -> list[Result]:
    """Run the named ones, or all."""
    results = []
    with tempfile.TemporaryDirectory(prefix="desk-bench-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        with Servers(Path(folder)) as servers:
            for name, bench in benchmarks(servers).items():
                if not names or name in names:
                    print(name)
                    results.append(await bench())
                    write(results[-1:])
                    print(f"{name}: {results[-1].value} (gate {results[-1].gate})")
    return results


async def _on_one(servers: Servers, bench: Callable[[str], Awaitable[Result]]) -> Result:
    return await bench(await servers.database())


async def _on_two(servers: Servers, bench: Callable[[str, str], Awaitable[Result]]) -> Result:
    return await bench(await servers.database(), await servers.database())


def benchmarks(servers: Servers) -> dict[str, Callable[[], Awaitable[Result]]]:
    """Every benchmark by name, in order."""

    async def b1() -> Result:
        return await store.unit_of_work(await servers.store())

    async def b2() -> Result:
        dsn = await servers.store()
        return await store.append_one(dsn, servers.socket_folder, servers.user)

    async def b3() -> Result:
        return await store.append_hundred(await servers.store())

    async def b4() -> Result:
        return await relay.relay(await servers.store(), servers.bootstrap)

    async def b5() -> Result:
        return await consumer.consumer(await servers.store(), servers.bootstrap)

    async def b6() -> Result:
        return await latency.latency(await servers.store(), servers.bootstrap, servers.folder)

    async def b7() -> Result:
        dsn, folder = await servers.database(), servers.folder
        return await gateway.gateway("B7", "<= 12", dsn, folder, whole=True)

    async def b7_checks() -> Result:
        dsn, folder = await servers.database(), servers.folder
        return await gateway.gateway("B7-checks", "<= 9", dsn, folder, whole=False)

    async def b9() -> Result:
        dsn, store = await servers.database(), await servers.store()
        return await streams.streams(dsn, store, servers.bootstrap, servers.folder)

    return {
        "B1": b1,
        "B2": b2,
        "B3": b3,
        "B4": b4,
        "B5": b5,
        "B6": b6,
        "B7": b7,
        "B7-checks": b7_checks,
        "B8-sign-in": partial(_on_two, servers, sign_in.sign_in),
        "B8-same-time": partial(_on_one, servers, same_time.same_time),
        "B8-look-up": partial(_on_two, servers, sign_in.look_up),
        "B9": b9,
    }


if __name__ == "__main__":
    done = uvloop.run(run(sys.argv[1:]))
    missed = [result.name for result in done if not result.held]
    print(f"missed: {', '.join(missed)}" if missed else "every gate held")
    sys.exit(1 if missed else 0)
