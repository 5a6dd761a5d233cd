"""111, 112: what one gateway takes away is gone at the other, and nobody gets in by an outage."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from drills.mailing import process
from drills.record import Drill
from drills.site import Site
from drills.until import until
from e2e.people import PASSWORD, Desk, own_address

from deskstream_tools.demo.http import Session
from deskstream_tools.demo.mail import Mailbox
from deskstream_tools.demo.target import Target
from deskstream_tools.listening import Listener
from deskstream_tools.local.processes import free_port

BITES = 5.0
"""Seconds within which it must (design 02 §3)."""


@dataclass
class Doors:
    """Two gateway processes over one database, and an admin at the first."""

    targets: list[Target]
    desk: Desk

    async def key(self) -> tuple[str, list[Session]]:
        """One key, at both; its id first."""
        made = await self.desk.new_key("events")
        sessions = [
            Session(target, self.desk.client, made["secret"], address=own_address())
            for target in self.targets
        ]
        return str(made["id"]), sessions

    async def member(self, role: str) -> tuple[str, list[Session], list[Listener]]:
        """Somebody who is signed in at both, and listens at both."""
        who = await self.desk.join(role)
        sessions = [
            Session(target, self.desk.client, address=own_address()) for target in self.targets
        ]
        listeners = []
        for session in sessions:
            await session.sign_in(who.email, PASSWORD)
            listener = await session.listen()
            assert listener.status == 200
            await listener.block()
            listeners.append(listener)
        return who.id, sessions, listeners


@pytest.fixture
async def doors(site: Site, tmp_path: Path) -> AsyncIterator[Doors]:
    """The site's gateway and one more."""
    async with second(site, tmp_path) as target:
        admin = Session(site.target, site.client, address=own_address())
        await admin.sign_in(site.target.admin_email, site.target.admin_password)
        desk = Desk(site.target, site.client, Mailbox(site.target, site.client), admin)
        yield Doors([site.target, target], desk)


@asynccontextmanager
async def second(site: Site, folder: Path) -> AsyncIterator[Target]:
    """One more gateway on the same database."""
    api, ops = free_port(), free_port()
    known = site.stack.env("gateway")
    environment = {
        **known,
        "GATEWAY_API_PORT": str(api),
        "GATEWAY_OPS_PORT": str(ops),
        "GATEWAY_ALLOWED_HOSTS": f"{known['GATEWAY_ALLOWED_HOSTS']},127.0.0.1:{api}",
    }
    environment.pop("GATEWAY_INTERNAL_PORT", None)
    async with process(folder / "gateway.log", environment, "gateway", "all"):

        async def ready() -> bool:
            try:
                answer = await site.client.get(f"http://127.0.0.1:{ops}/readyz")
            except OSError:
                return False
            return answer.status_code == 200

        await until(_quietly(ready), "the second gateway to be ready", 60)
        yield replace(site.target, gateway_url=f"http://127.0.0.1:{api}")


def _quietly(check: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    async def checked() -> bool:
        try:
            return await check()
        except Exception:  # noqa: BLE001 - whoever is not there yet is not ready
            return False

    return checked


async def bitten(sessions: list[Session], path: str, status: int, **more: Any) -> float:
    """Seconds until all of them are answered with this status, and stay so."""
    began = time.monotonic()

    async def refused() -> bool:
        method = "POST" if more else "GET"
        answers = [await session.send(method, path, **more) for session in sessions]
        return all(answer.status_code == status for answer in answers)

    await until(refused, f"{path} to answer {status} at both", BITES * 2)
    seconds = time.monotonic() - began
    assert await refused()
    return seconds


async def over(listeners: list[Listener]) -> tuple[float, set[str]]:
    """Seconds until all streams have ended, and why."""
    began = time.monotonic()
    async with asyncio.timeout(BITES * 2):
        rest = await asyncio.gather(*(listener.rest() for listener in listeners))
    for listener in listeners:
        listener.leave()
    return time.monotonic() - began, {told[-1].data["reason"] for told in rest}


@pytest.mark.fault(111)
@pytest.mark.timeout(300)
async def test_what_one_gateway_takes_away_is_gone_at_the_other_within_five_seconds(
    drill: Drill, doors: Doors
) -> None:
    admin, own = doors.desk.admin, "/api/auth/session"
    user, sessions, listeners = await doors.member("agent")
    before = [(await session.send("GET", own)).status_code for session in sessions]
    body = {"status": "suspended"}
    await admin.call("POST", f"/api/admin/users/{user}/status", 200, json=body)
    (seconds, why), refused = await asyncio.gather(over(listeners), bitten(sessions, own, 401))
    drill.saw(before == [200, 200], "suspended at one gateway while signed in at both")
    drill.kept(
        max(seconds, refused) <= BITES and why == {"rights_changed"},
        f"suspension bit after {refused:.1f} s, streams ended after {seconds:.1f} s",
    )
    user, sessions, listeners = await doors.member("agent")
    ticket = {"json": {"subject": "S", "body_text": "B"}}
    before = [(await s.send("POST", "/api/tickets", **ticket)).status_code for s in sessions]
    body = {"status": "active", "role": "viewer"}
    await admin.call("POST", f"/api/admin/users/{user}/status", 200, json=body)
    (seconds, why), refused = await asyncio.gather(
        over(listeners), bitten(sessions, "/api/tickets", 403, **ticket)
    )
    drill.saw(before == [201, 201], "an agent made a viewer at one gateway")
    drill.kept(
        max(seconds, refused) <= BITES and why == {"rights_changed"},
        f"role change bit after {refused:.1f} s, streams ended after {seconds:.1f} s",
    )
    key, sessions = await doors.key()
    before = [(await session.send("GET", "/api/events")).status_code for session in sessions]
    await admin.call("DELETE", f"/api/keys/{key}", 204)
    refused = await bitten(sessions, "/api/events", 401)
    drill.saw(before == [200, 200], "a key revoked at one gateway")
    drill.kept(refused <= BITES, f"revocation bit after {refused:.1f} s")


@pytest.mark.fault(112)
@pytest.mark.timeout(300)
async def test_without_the_session_store_everybody_is_refused_at_both(
    drill: Drill, site: Site, doors: Doors
) -> None:
    own = "/api/auth/session"
    _, sessions, listeners = await doors.member("agent")
    suspended, gone, others = await doors.member("agent")
    body = {"status": "suspended"}
    path = f"/api/admin/users/{suspended}/status"
    before = [(await session.send("GET", own)).status_code for session in sessions]
    await doors.desk.admin.call("POST", path, 200, json=body)
    began = time.monotonic()
    await asyncio.to_thread(site.stack.stop, "postgres")
    try:
        ended, refused, never = await asyncio.gather(
            over(listeners), bitten(sessions, own, 503), bitten(gone, own, 503)
        )
        drill.saw(
            before == [200, 200] and not site.stack.serves("postgres"),
            "PostgreSQL stopped under two gateways, with a suspension a moment before",
        )
        drill.kept(
            max(refused, never) <= BITES,
            f"503 for members and for the suspended after {max(refused, never):.1f} s",
        )
        drill.kept(
            ended[0] <= BITES and ended[1] == {"store_unavailable"},
            f"streams ended after {ended[0]:.1f} s",
        )
        again = await sessions[0].listen()
        drill.kept(again.status == 503, f"a new stream is refused: {again.status}")
        for listener in (*others, again):
            listener.leave()
    finally:
        await asyncio.to_thread(site.stack.start, "postgres")
    for session in sessions:
        await until(partial(_lets_in, session, own), "the store to answer again", 60)
    waited = await bitten(gone, own, 401)
    drill.kept(
        waited < 1 or time.monotonic() - began <= BITES,
        f"afterwards members are in again, the suspended is not, told after {waited:.1f} s",
    )


async def _lets_in(session: Session, path: str) -> bool:
    return (await session.send("GET", path)).status_code == 200
