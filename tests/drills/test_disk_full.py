"""The disk is full under load: 503 with Retry-After, nothing half done, and it heals by itself."""

import asyncio
import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from drills.record import Drill

from deskstream_tools.cli.demonstrating import target_of
from deskstream_tools.demo.http import Session
from deskstream_tools.local.stack import Stack
from deskstream_tools.testing import stack_settings

SIZE_MB = 700
LEFT_BYTES = 64 * 1024
BODY = {"subject": "Full?", "body_text": secrets.token_urlsafe(140_000)}
"""Text that no compression makes small."""


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 700 MB, where PostgreSQL's account reaches it; only root may mount one."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small disk is mounted by root only")
    disk = Path(tempfile.mkdtemp(prefix="desk-disk-", dir="/tmp"))
    options = f"size={SIZE_MB}m,mode=0711"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=False)
    if done.returncode:
        disk.rmdir()
        pytest.skip("this machine refuses to mount a tmpfs")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)
    disk.rmdir()


async def stored_tickets(dsn: str) -> set[UUID]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("select distinct stream_id::text from events")
        listed = await connection.fetchval("select count(*) from ticket")
    finally:
        await connection.close()
    assert listed == len(rows), "a ticket is in the list if and only if its events are stored"
    return {UUID(row[0]) for row in rows}


async def post(key: Session) -> httpx.Response:
    return await key.send("POST", "/api/tickets", json=BODY)


async def fill_until_refused(key: Session, disk: Path) -> tuple[set[UUID], httpx.Response]:
    """Fill the disk, then post until the store cannot grow; what was acknowledged, the refusal."""
    chunk = b"\0" * LEFT_BYTES
    with (disk / "filler").open("wb", buffering=0) as out, contextlib.suppress(OSError):
        while out.write(chunk) == len(chunk):
            pass
    kept: set[UUID] = set()
    for _ in range(200):
        answer = await post(key)
        if answer.status_code != 201:
            return kept, answer
        kept.add(UUID(answer.json()["id"]))
    raise AssertionError("200 tickets fitted on a full disk")


@pytest.mark.fault(106)
@pytest.mark.timeout(300)
async def test_a_full_disk_refuses_commands_and_loses_none(small_disk: Path, drill: Drill) -> None:
    own = stack_settings(small_disk)
    (own.data / "traces").mkdir(parents=True)
    stack = Stack(replace(own, out=small_disk / "out"))
    await asyncio.to_thread(stack.up)
    try:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            target = target_of(stack)
            admin = Session(target, client)
            await admin.sign_in(target.admin_email, target.admin_password)
            wanted = {"name": "disk", "scopes": ["tickets:create"], "rate_per_minute": 6000}
            made = await admin.json("POST", "/api/keys", 201, json=wanted)
            key = Session(target, client, made["secret"])
            before = {UUID((await post(key)).json()["id"]) for _ in range(5)}
            kept, refusal = await fill_until_refused(key, small_disk)
            free = shutil.disk_usage(small_disk).free // 1024
            drill.saw(free < 4096, f"{free} KiB left, {len(kept)} tickets fitted still")
            assert refusal.status_code in (502, 503), refusal.text
            assert refusal.headers["content-type"] == "application/problem+json"
            assert int(refusal.headers["retry-after"]) > 0
            (small_disk / "filler").unlink()
            for part in ("postgres", "kafka", "gateway", "ticketing", "notifier"):
                await asyncio.to_thread(stack.wait, part, 120)
            again = await key.send(
                "POST", "/api/tickets", json=BODY, headers={"Idempotency-Key": str(uuid4())}
            )
            assert again.status_code == 201, again.text
            acknowledged = before | kept | {UUID(again.json()["id"])}
        stored = await stored_tickets(stack.dsn("ticketing"))
        drill.kept(
            acknowledged <= stored,
            f"{refusal.status_code} with Retry-After; {len(acknowledged)} acknowledged, all stored",
        )
    finally:
        await asyncio.to_thread(stack.reset)
