"""The command line: schema, start, ops port, and leaving at SIGTERM."""

import asyncio
import json
import os
import secrets
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from deskstream_tools.local.processes import free_port
from deskstream_tools.testing import Fresh

SECRETS = ("SUBJECT_KEY", "PLUS_TOKEN_KEY", "MAIL_TOKEN_KEY")


@pytest.fixture
def environment(postgres_dsn: Fresh, kafka_bootstrap: str, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "NOTIFIER_DATABASE_DSN": postgres_dsn(),
        "NOTIFIER_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "NOTIFIER_TOPIC_PREFIX": "process.",
        "NOTIFIER_BUCKET_URL": tmp_path.as_uri(),
        **{f"NOTIFIER_{name}": secrets.token_hex(32) for name in SECRETS},
        "NOTIFIER_MAIL_DOMAIN": "shop.test",
        "NOTIFIER_MAIL_FROM": "support@shop.test",
        "NOTIFIER_PUBLIC_URL": "https://desk.shop.test",
        "NOTIFIER_API_PORT": str(free_port()),
        "NOTIFIER_OPS_PORT": str(free_port()),
    }


async def notifier(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "notifier",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def done(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    process = await notifier(environment, *arguments)
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def status(url: str) -> int:
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status
    except aiohttp.ClientError:
        return 0


async def test_it_migrates_starts_guards_its_routes_and_leaves(environment: dict[str, str]) -> None:
    assert (await done(environment, "migrate"))[0] == 0
    code, answer = await done(environment, "ops", "effects")
    assert (code, json.loads(answer)["items"]) == (0, [])
    process = await notifier(environment, "all")
    ops = f"http://127.0.0.1:{environment['NOTIFIER_OPS_PORT']}"
    api = f"http://127.0.0.1:{environment['NOTIFIER_API_PORT']}"
    try:
        async with asyncio.timeout(60):
            while await status(f"{ops}/readyz") != 200:
                await asyncio.sleep(0.05)
        assert await status(f"{api}/internal/ops/lag") == 401
        assert await status(f"{api}/api/messages") == 401
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode == 0, out.decode()[-2000:]


async def test_a_missing_setting_is_named_and_nothing_starts(environment: dict[str, str]) -> None:
    del environment["NOTIFIER_MAIL_FROM"]
    process = await notifier(environment, "all")
    _, error = await process.communicate()
    assert process.returncode == 2
    assert "mail_from" in error.decode()
