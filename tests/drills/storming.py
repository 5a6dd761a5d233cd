"""One gateway as a process, its owners with known browsers, and others who work meanwhile."""

import asyncio
import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from drills.mailing import process
from drills.until import until

from deskstream_tools.local.processes import free_port, port_answers
from gateway.infra.signing_keys import write_signing_keys

SECRETS = (
    "SUBJECT_KEY",
    "SESSION_PEPPER",
    "KEY_PEPPER",
    "AUDIT_KEY",
    "FACTOR_KEY",
    "MAIL_TOKEN_KEY",
)
TICKETS = b'{"items":[]}'
SAME = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Owner:
    """Somebody with an account, at his usual browser and address."""

    email: str
    password: str
    address: str
    device: str = ""
    answers: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    async def sign_in(self, client: httpx.AsyncClient, address: str | None = None) -> None:
        """From his browser, whose cookie is kept."""
        headers = {**SAME, "X-Forwarded-For": address or self.address}
        if self.device:
            headers["Cookie"] = f"__Host-did={self.device}"
        body = {"email": self.email, "password": self.password}
        began = time.monotonic()
        answer = await client.post("/api/auth/login", json=body, headers=headers)
        self.seconds.append(time.monotonic() - began)
        self.answers.append(answer.status_code)
        for cookie in answer.headers.get_list("set-cookie"):
            if cookie.startswith("__Host-did="):
                self.device = cookie.split(";")[0].split("=", 1)[1]


@dataclass
class Door:
    """The gateway's process."""

    port: int
    pid: int
    client: httpx.AsyncClient
    owners: list[Owner]
    key: str

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Bytes that it holds."""
        return int(psutil.Process(self.pid).memory_info().rss)

    async def others(self, seconds: float) -> float:
        """The 99th percentile, in seconds, of what others ask of another route for so long."""
        headers, times = {"Authorization": f"Bearer {self.key}"}, []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            answer = await self.client.get("/api/tickets/12", headers=headers)
            times.append(time.monotonic() - began)
            assert (answer.status_code, answer.content) == (200, TICKETS), answer.text
            await asyncio.sleep(0.005)
        return statistics.quantiles(times, n=100)[98]


@asynccontextmanager
async def door(dsn: str, folder: Path, owners: int) -> AsyncIterator[Door]:
    """A gateway before a service that answers at once, and so many owners who have signed in."""
    write_signing_keys(folder / "keys.json")
    port, ops = free_port(), free_port()
    async with _service() as upstream:
        environment = {
            **os.environ,
            "GATEWAY_PROFILE": "test",
            "GATEWAY_DATABASE_DSN": dsn,
            "GATEWAY_KAFKA_BOOTSTRAP": "127.0.0.1:9",
            "GATEWAY_API_PORT": str(port),
            "GATEWAY_OPS_PORT": str(ops),
            "GATEWAY_SIGNING_KEYS_FILE": str(folder / "keys.json"),
            "GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "GATEWAY_UPSTREAM_TICKETING": f"http://127.0.0.1:{upstream}",
            "GATEWAY_TRUSTED_PROXIES": "127.0.0.1",
            **{f"GATEWAY_{name}": secrets.token_hex(32) for name in SECRETS},
            "GATEWAY_WEBHOOK_SECRETS": json.dumps({"3cx": [secrets.token_hex(32)]}),
        }
        emails = [f"owner{n}@desk.test" for n in range(owners)]
        scope = ("--scope", "tickets:view:all", "--rate", "60000")
        key, *made = await asyncio.gather(
            _command(environment, "key", "create", "others", *scope),
            *(_command(environment, "admin", "create", one, "--name", "O") for one in emails),
        )
        async with (
            process(folder / "gateway.log", environment, "gateway", "api") as running,
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False
            ) as client,
        ):
            await until(lambda: port_answers(port), "the gateway to listen", 60)
            known = [
                Owner(email, one["password"], f"203.0.113.{n}")
                for n, (email, one) in enumerate(zip(emails, made, strict=True), 1)
            ]
            for owner in known:
                await owner.sign_in(client)
                assert owner.answers == [200], owner
                assert owner.device, owner
            yield Door(port, running.pid, client, known, key["secret"])


async def _command(environment: dict[str, str], *arguments: str) -> dict[str, str]:
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await made.communicate()
    assert made.returncode == 0, (out + error).decode()[-2000:]
    found: dict[str, str] = json.loads(out.decode().strip().splitlines()[-1])
    return found


@asynccontextmanager
async def _service() -> AsyncIterator[int]:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(TICKETS)}"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(head.encode() + b"\r\n\r\n" + TICKETS)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
