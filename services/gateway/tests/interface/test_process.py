"""The gateway as a process: starts, serves, leaves; refuses to start unsafely."""

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deskstream_chassis.migrations import migrate, migrations_folder
from deskstream_tools import topics
from deskstream_tools.local.processes import free_port
from gateway.infra.signing_keys import write_signing_keys

SECRETS = (
    "SUBJECT_KEY",
    "SESSION_PEPPER",
    "KEY_PEPPER",
    "AUDIT_KEY",
    "FACTOR_KEY",
    "MAIL_TOKEN_KEY",
)


def migrated(dsn: str) -> None:
    """Bring a database to head."""
    migrate(dsn, migrations_folder("gateway"))


@dataclass
class Installation:
    """What a gateway process is told."""

    environment: dict[str, str]
    api: int
    ops: int

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://127.0.0.1:{self.api}"


@pytest.fixture
def installation(
    postgres_dsn: Callable[..., str], kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> Installation:
    """A fresh database at head, fresh secrets, free ports."""
    api, ops = free_port(), free_port()
    write_signing_keys(tmp_path / "keys.json")
    environment = {
        "PATH": os.environ["PATH"],
        "GATEWAY_PROFILE": "test",
        "GATEWAY_DATABASE_DSN": postgres_dsn(migrated, name="gateway"),
        "GATEWAY_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "GATEWAY_TOPIC_PREFIX": topic_prefix,
        "GATEWAY_API_PORT": str(api),
        "GATEWAY_OPS_PORT": str(ops),
        "GATEWAY_SIGNING_KEYS_FILE": str(tmp_path / "keys.json"),
        "GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{api}",
        **{f"GATEWAY_{name}": secrets.token_hex(32) for name in SECRETS},
        "GATEWAY_WEBHOOK_SECRETS": json.dumps({"3cx": [secrets.token_hex(32)]}),
    }
    return Installation(environment, api, ops)


async def run(
    arguments: list[str], environment: Mapping[str, str], entered: str = ""
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *arguments),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(entered.encode()), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def serving(
    installation: Installation, role: str = "all"
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running gateway, ready; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", role),
        env=installation.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60), httpx.AsyncClient() as http:
            while True:
                assert process.returncode is None, await process.communicate()
                try:
                    url = f"http://127.0.0.1:{installation.ops}/readyz"
                    if (await http.get(url)).status_code == 200:
                        await http.get(f"{installation.url}/api/health")
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_serves_and_leaves_at_sigterm(installation: Installation) -> None:
    environment = installation.environment
    prefix = environment["GATEWAY_TOPIC_PREFIX"]
    await topics.create(environment["GATEWAY_KAFKA_BOOTSTRAP"], prefix)
    async with serving(installation) as process, httpx.AsyncClient() as http:
        assert (await http.get(f"{installation.url}/api/health")).json() == {"status": "ok"}
        jwks = (await http.get(f"http://127.0.0.1:{installation.ops}/internal/jwks")).json()
        assert [sorted(key) for key in jwks["keys"]]
        assert all("d" not in key for key in jwks["keys"])
        metrics = (await http.get(f"http://127.0.0.1:{installation.ops}/metrics")).text
        assert 'http_route="/api/health"' in metrics
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        out, _ = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0
        assert time.monotonic() - began < 10
    lines = [json.loads(line) for line in out.decode().splitlines()]
    served = [line for line in lines if line["event"] == "request"]
    assert served[-1]["http_route"] == "/api/health"
    assert served[-1]["http_status"] == 200
    assert {"correlation_id", "duration_ms", "trace_id", "span_id"} <= set(served[-1])


async def test_open_streams_and_idle_connections_do_not_keep_it(
    installation: Installation,
) -> None:
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"1\r\nx\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.close()

    service = await asyncio.start_server(dripping, "127.0.0.1", 0)
    port = service.sockets[0].getsockname()[1]
    installation.environment["GATEWAY_UPSTREAM_TICKETING"] = f"http://127.0.0.1:{port}"
    scope = ["--scope", "tickets:view:all"]
    _, out, _ = await run(["key", "create", "shop", *scope], installation.environment)
    bearer = {"Authorization": f"Bearer {json.loads(out)['secret']}"}
    async with (
        service,
        serving(installation) as process,
        httpx.AsyncClient(base_url=installation.url) as http,
    ):
        await http.get("/api/health")  # its connection stays open, idle
        idle, held = await asyncio.open_connection("127.0.0.1", installation.api)
        with suppress(httpx.TransportError):
            async with http.stream("GET", "/api/tickets/12", headers=bearer) as answer:
                async for _ in answer.aiter_raw():
                    if process.returncode is None:
                        process.terminate()
        assert await asyncio.wait_for(process.wait(), 15) == 0
        held.close()
        assert idle.at_eof() or await idle.read() == b""


async def test_an_admin_and_a_key_come_from_the_command_line(installation: Installation) -> None:
    environment = installation.environment
    create = ["admin", "create", "root@shop.test", "--name", "Root"]
    code, out, err = await run([*create, "--password-stdin"], environment, "seven blue lamps\n")
    assert code == 0, err
    assert set(json.loads(out)) == {"id"}
    code, out, _ = await run(create, environment)
    assert (code, json.loads(out)) == (1, {"error": "email_taken"})
    code, out, _ = await run(
        ["key", "create", "shop", "--scope", "tickets:create", "--rate", "6000", "--json"],
        environment,
    )
    made = json.loads(out)
    assert (code, made["scopes"]) == (0, ["tickets:create"])
    assert made["secret"].startswith("ds_live_")
    code, out, _ = await run(["key", "list", "--json"], environment)
    assert [key["id"] for key in json.loads(out)["items"]] == [made["id"]]
    assert made["secret"] not in out
    async with serving(installation), httpx.AsyncClient(base_url=installation.url) as http:
        body = {"email": "root@shop.test", "password": "seven blue lamps"}
        site = {"Origin": installation.url}
        opened = await http.post("/api/auth/login", json=body, headers=site)
        assert opened.status_code == 200
        cookie = opened.headers["set-cookie"].partition(";")[0]
        session = await http.get("/api/auth/session", headers={"Cookie": cookie})
        assert session.json()["user"]["role"] == "admin"
        bearer = {"Authorization": f"Bearer {made['secret']}"}
        unconfigured = await http.post("/api/tickets", headers=bearer, json={})
        assert unconfigured.json()["code"] == "upstream_not_configured"
        code, out, _ = await run(["key", "rotate", made["id"], "--overlap", "60"], environment)
        assert (code, json.loads(out)["id"]) == (0, made["id"])
        assert made["secret"] != json.loads(out)["secret"]
        code, out, _ = await run(["user", "list", "--status", "active"], environment)
        assert [user["role"] for user in json.loads(out)["items"]] == ["admin"]
        suspend = ["user", "suspend", "root@shop.test", "--reason", "none"]
        code, out, _ = await run(suspend, environment)
        assert (code, json.loads(out)) == (1, {"error": "last_admin"})
        code, out, _ = await run(["key", "revoke", made["id"]], environment)
        assert (code, json.loads(out)["revoked"]) == (0, True)
        async with asyncio.timeout(7):  # what another process changed bites within 5 s
            while (await http.post("/api/tickets", headers=bearer, json={})).status_code != 401:
                await asyncio.sleep(0.05)


async def test_the_outbox_row_tells_the_gateways_own_lag(installation: Installation) -> None:
    environment = installation.environment
    _, out, _ = await run(["key", "create", "cron", "--scope", "cron:outbox"], environment)
    bearer = {"Authorization": f"Bearer {json.loads(out)['secret']}"}
    async with serving(installation), httpx.AsyncClient(base_url=installation.url) as http:
        told = await http.get("/api/cron/outbox", headers=bearer)
        assert told.status_code == 200
        relay = told.json()["services"]["gateway"]["relay"]
        assert set(relay) >= {"unpublished", "oldest_age_seconds"}


async def test_console_has_a_listener_of_its_own_where_one_is_wanted(
    installation: Installation,
) -> None:
    port = free_port()
    installation.environment["GATEWAY_INTERNAL_PORT"] = str(port)
    async with (
        serving(installation, "api") as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        async with asyncio.timeout(10):
            while True:
                try:
                    answer = await http.get("/api/health")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.02)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 15) == 0


async def test_served_rows_are_listed() -> None:
    code, out, _ = await run(["routes", "--json"], {"PATH": os.environ["PATH"]})
    rows = json.loads(out)
    assert code == 0
    assert {"method", "path", "service", "access", "rate", "step_up"} == set(rows[0])
    assert len(rows) >= 37


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_PEPPER", None),
        ("KEY_PEPPER", "short"),
        ("AUDIT_KEY", "00" * 32),
        ("FACTOR_KEY", None),
        ("MAIL_TOKEN_KEY", None),
        ("WEBHOOK_SECRETS", '{"shopify": ["changeme-changeme-changeme"]}'),
        ("WEBHOOK_SECRETS", "not json"),
        ("PUBLIC_URL", "desk"),
        ("SIGNING_KEYS_FILE", None),
    ],
)
async def test_it_does_not_start_unsafely_and_names_what_is_wrong(
    installation: Installation, name: str, value: str | None
) -> None:
    changed = {**installation.environment, f"GATEWAY_{name}": value or ""}
    if value is None:
        del changed[f"GATEWAY_{name}"]
    code, _, err = await run(["api"], changed)
    assert code == 2
    assert name.lower() in err.lower()


async def test_it_does_not_start_without_the_secret_of_a_vendor_that_is_served(
    installation: Installation,
) -> None:
    told = {**installation.environment, "GATEWAY_WEBHOOK_SECRETS": "{}"}
    code, out, _ = await run(["api"], told)
    assert code == 1
    said: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert any(line.get("reason") == "webhook_secrets: none for 3cx" for line in said)


async def test_it_does_not_start_with_keys_that_others_can_read(
    installation: Installation,
) -> None:
    os.chmod(installation.environment["GATEWAY_SIGNING_KEYS_FILE"], 0o644)  # noqa: PTH101
    code, out, _ = await run(["api"], installation.environment)
    assert code == 1
    said: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert any("0600" in str(line.get("reason")) for line in said)


LOST = """
import gateway.bootstrap as it
from deskstream_chassis.process import main

make = it.create_inner_app


def with_a_lost_route(*parts):
    app = make(*parts)
    app.add_route("/lost", lambda _: None)
    return app


it.create_inner_app = with_a_lost_route
main(it.SPEC, ["api"])
"""


async def test_it_does_not_start_with_a_route_that_nobody_guards(
    installation: Installation,
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOST),
        env=installation.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    said: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    (refused,) = [line for line in said if line["event"] == "start refused"]
    assert (refused["error_code"], "/lost" in refused["reason"]) == ("UnguardedRoute", True)
