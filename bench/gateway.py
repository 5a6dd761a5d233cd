"""B7: CPU per proxied request, the gateway as a process against nginx, before the same upstream."""

import asyncio
import itertools
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psutil

from bench.harness import Result, ratio
from deskstream_tools.local.nginx import Nginx, NoNginx, binary
from deskstream_tools.local.processes import free_port
from gateway.infra.signing_keys import write_signing_keys

CONNECTIONS = 16
KEYS = 4
"""One key alone may ask 1,000 times a second; a quiet machine does more."""
REQUESTS = {"nginx": 8_000, "gateway": 2_400}
SECRETS = (
    "SUBJECT_KEY",
    "SESSION_PEPPER",
    "KEY_PEPPER",
    "AUDIT_KEY",
    "FACTOR_KEY",
    "MAIL_TOKEN_KEY",
)
BODY = json.dumps({"id": str(uuid4()), "subject": "x" * 400, "status": "open", "version": 3})
PATH = f"/api/tickets/{uuid4()}"
READY_SECONDS = 60.0


async def gateway(name: str, gate: str, dsn: str, folder: Path, *, whole: bool) -> Result:
    """B7. `whole`: with access log and span; else checks and metrics only."""
    what = "checks, metrics, access log and span" if whole else "checks and metrics only"
    try:
        binary()
    except NoNginx as error:
        return Result(name, None, "ratio", gate, [], f"not measured: no nginx ({error})")
    with ExitStack() as stack:
        static = stack.enter_context(Nginx.static(folder / f"{name}-static", BODY))
        proxy = stack.enter_context(Nginx.proxy(folder / f"{name}-proxy", static.port))
        async with _serving(folder / name, dsn, static.port, whole=whole) as (port, pid, keys):

            async def ours() -> float:
                return await cpu_per_request(pid, port, keys, REQUESTS["gateway"])

            async def theirs() -> float:
                return await cpu_per_request(proxy.pid, proxy.port, keys, REQUESTS["nginx"])

            return await ratio(
                name, gate, ours, theirs, note=f"CPU per request against nginx; {what}"
            )


@asynccontextmanager
async def _serving(
    folder: Path, dsn: str, upstream: int, *, whole: bool
) -> AsyncIterator[tuple[int, int, list[str]]]:
    """`python -m gateway api`, ready; its port, its pid and API keys."""
    folder.mkdir()
    write_signing_keys(folder / "keys.json")
    api, ops = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "GATEWAY_PROFILE": "test",
        "GATEWAY_DATABASE_DSN": dsn,
        "GATEWAY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "GATEWAY_API_PORT": str(api),
        "GATEWAY_OPS_PORT": str(ops),
        "GATEWAY_SIGNING_KEYS_FILE": str(folder / "keys.json"),
        "GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{api}",
        "GATEWAY_UPSTREAM_TICKETING": f"http://127.0.0.1:{upstream}",
        "GATEWAY_ACCESS_LOG": str(whole),
        "GATEWAY_TRACING": str(whole),
        **{f"GATEWAY_{name}": secrets.token_hex(32) for name in SECRETS},
        "GATEWAY_WEBHOOK_SECRETS": json.dumps({"3cx": [secrets.token_hex(32)]}),
    }
    await command(environment, "migrate")
    scope = ("--scope", "tickets:view", "--rate", "60000")
    made = [
        json.loads(await command(environment, "key", "create", f"bench {n}", *scope))
        for n in range(KEYS)
    ]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "api"), env=environment, stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await ready(api):
                if process.returncode is not None:
                    raise RuntimeError((folder / "log").read_text()[-2000:])
                await asyncio.sleep(0.1)
        yield api, process.pid, [key["secret"] for key in made]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def command(environment: dict[str, str], *arguments: str) -> str:
    """The last line that `python -m gateway …` writes. Raises RuntimeError where it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), READY_SECONDS)
    if process.returncode:
        raise RuntimeError(f"gateway {arguments[0]}: {out.decode()[-500:]}")
    return out.decode().strip().splitlines()[-1]


async def ready(port: int) -> bool:
    """Whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def cpu(pid: int) -> float:
    """Seconds that a process and its children have used, from /proc/<pid>/stat."""
    root = psutil.Process(pid)
    times = [p.cpu_times() for p in (root, *root.children(recursive=True))]
    return sum(t.user + t.system for t in times)


async def cpu_per_request(pid: int, port: int, keys: Sequence[str], count: int) -> float:
    """Microseconds, with 16 connections that stay open and wait for each answer."""
    requests = [
        (
            f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
            "Accept: application/json\r\nUser-Agent: bench\r\n\r\n"
        ).encode()
        for key in keys
    ]
    links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    began = cpu(pid)
    await asyncio.gather(
        *(
            _ask(reader, writer, request, count // CONNECTIONS)
            for (reader, writer), request in zip(links, itertools.cycle(requests), strict=False)
        )
    )
    used = cpu(pid) - began
    for _, writer in links:
        writer.close()
    return used / (count // CONNECTIONS * CONNECTIONS) * 1e6


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, times: int
) -> None:
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(head.decode(errors="replace"))
        lower = head.lower()
        at = lower.index(b"content-length:") + len(b"content-length:")
        body = await reader.readexactly(int(lower[at : lower.index(b"\r\n", at)]))
        if body != BODY.encode():
            raise RuntimeError("another body than the upstream's")
