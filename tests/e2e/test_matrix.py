"""Every served route, asked by everybody: what `access.csv` says is what happens.

Who is refused at the gate is refused there: no service hears of it.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from e2e.access import ROLES, Line, expectations
from e2e.asking import (
    STREAMS,
    Answer,
    Asker,
    Things,
    an_admin,
    expired,
    heard_by,
    long_proven,
    signed_in_once_more,
    signer,
    staff,
    strangers,
    suspended,
    things,
)
from e2e.people import Desk
from joserfc.jwk import KeySet, OKPKey

from deskstream_chassis.identity.tokens import HEADER, TokenSigner
from deskstream_tools.local.stack import Stack

ENDS_THE_SESSION = {"POST /api/auth/logout"}


@pytest.fixture(scope="module")
def lines(stack: Stack) -> list[Line]:
    """The expectations of what is served, in the order of the file."""
    done = stack.run("gateway", "routes", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    served = {f"{row['method']} {row['path']}": row["service"] for row in rows}
    known = {str(line): line for line in expectations()}
    assert len(known) == len(expectations()), "a route has two lines in access.csv"
    assert set(served) <= set(known), "served, but access.csv does not say to whom"
    assert {name: known[name].owner for name in served} == served
    public = {f"{row['method']} {row['path']}" for row in rows if row["access"] == "public"}
    assert public == {name for name in served if known[name].anonymous == "yes"}
    return [line for name, line in known.items() if name in served]


@pytest.fixture(scope="module")
async def about(desk: Desk) -> Things:
    return await things(desk)


@asynccontextmanager
async def unheard(desk: Desk, stack: Stack) -> AsyncIterator[None]:
    """No service behind the gateway is asked anything in the block."""
    before = await heard_by(desk, stack)
    yield
    assert await heard_by(desk, stack) == before


async def asked(
    asker: Asker, lines: list[Line], about: Things, *, good: bool = False
) -> list[Answer]:
    return [await asker.ask(line, about.url(line.path), good=good) for line in lines]


def wrong(answers: list[Answer], status: int, code: str) -> list[str]:
    return [str(a) for a in answers if (a.status, a.code) != (status, code)]


async def test_nobody_gets_in_who_does_not_prove_who_he_is(
    desk: Desk, stack: Stack, lines: list[Line], about: Things
) -> None:
    tokens = {
        f"a token for {name}": signer(stack).sign(an_admin(), name)
        for name in ("ticketing", "console")
    }
    askers = [
        *strangers(desk, tokens),
        await expired(desk, stack),
        await suspended(desk),
    ]
    guarded = [line for line in lines if line.guarded]
    async with unheard(desk, stack):
        answers = await asyncio.gather(*(asked(asker, guarded, about) for asker in askers))
    seen = {
        asker.name: wrong(given, 401, "unauthenticated")
        for asker, given in zip(askers, answers, strict=True)
    }
    assert seen == {asker.name: [] for asker in askers}


async def test_what_is_public_asks_nobody_for_proof(
    desk: Desk, lines: list[Line], about: Things
) -> None:
    public = [line for line in lines if line.anonymous == "yes"]
    answers = await asked(strangers(desk, {})[0], public, about)
    assert [str(a) for a in answers if not a.admitted] == []
    assert public


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_what_is_its_own_and_nothing_above(
    desk: Desk, stack: Stack, lines: list[Line], about: Things, role: str
) -> None:
    asker = await staff(desk, role)
    guarded = [line for line in lines if line.guarded]
    refused = [line for line in guarded if getattr(line, role) == "403"]
    at_the_gate = [line for line in refused if not line.about_a_ticket]
    async with unheard(desk, stack):
        answers = await asked(asker, at_the_gate, about)
    by_the_owner = [line for line in refused if line.about_a_ticket]
    answers += await asked(asker, by_the_owner, about, good=True)
    assert wrong(answers, 403, "forbidden") == []
    admitted = []
    for line in guarded:
        if getattr(line, role) == "yes":
            ends = str(line) in ENDS_THE_SESSION
            who = await signed_in_once_more(desk, role) if ends else asker
            changes = line.about_a_ticket and line.method not in ("GET", "HEAD")
            one = (await desk.ticket())["id"] if changes else None
            admitted.append(await who.ask(line, about.url(line.path, one)))
    assert [str(a) for a in admitted if not a.admitted] == []
    assert len(refused) + len(admitted) == len(guarded)


async def test_a_proof_older_than_ten_minutes_is_asked_for_again_where_it_matters(
    desk: Desk, stack: Stack, lines: list[Line], about: Things
) -> None:
    asker = await long_proven(desk, stack)
    fresh = [line for line in lines if line.fresh]
    async with unheard(desk, stack):
        answers = await asked(asker, fresh, about)
    assert wrong(answers, 403, "step_up_required") == []
    assert fresh
    rest = [line for line in lines if line.guarded and line.admin == "yes" and not line.fresh]
    answers = await asked(
        asker, [line for line in rest if line.method == "GET" and line.path not in STREAMS], about
    )
    assert [str(a) for a in answers if not a.admitted] == []


async def test_a_key_reaches_what_its_scope_names_and_nothing_else(
    desk: Desk, stack: Stack, lines: list[Line], about: Things
) -> None:
    guarded = [line for line in lines if line.guarded]
    scopes = sorted({scope for line in guarded for scope in line.scopes})
    for scope in scopes:
        asker = Asker(scope, await desk.key(scope))
        closed = [line for line in guarded if scope not in line.scopes]
        async with unheard(desk, stack):
            answers = await asked(asker, closed, about)
        assert wrong(answers, 403, "forbidden") == [], scope
        opened = await asked(asker, [line for line in guarded if scope in line.scopes], about)
        assert [str(a) for a in opened if not a.admitted] == [], scope
        assert opened


async def test_a_ticket_of_another_team_is_absent_on_every_route(
    desk: Desk, stack: Stack, lines: list[Line], about: Things
) -> None:
    outsider = Asker("outsider", (await desk.member("agent", teams=[], kind="teamless")).session)
    path = f"/api/tickets/{about.ticket}"
    before = (await desk.admin.call("GET", path, 200)).headers["etag"]
    mine = [line for line in lines if line.about_a_ticket]
    heard = await heard_by(desk, stack)
    answers = await asked(outsider, mine, about, good=True)
    assert wrong(answers, 404, "not_found") == []
    served_by_ticketing = sum(line.owner == "ticketing" for line in mine)
    assert (await heard_by(desk, stack))["ticketing"] - heard["ticketing"] >= served_by_ticketing
    assert (await desk.admin.call("GET", path, 200)).headers["etag"] == before


@pytest.mark.parametrize("name", ["none", "garbage", "forged", "another audience", "expired"])
async def test_straight_at_a_service_only_a_fresh_token_for_it_counts(
    desk: Desk, stack: Stack, lines: list[Line], about: Things, name: str
) -> None:
    stranger = TokenSigner(KeySet([OKPKey.generate_key("Ed25519", {"kid": "x"}, private=True)]))
    token = {
        "none": None,
        "garbage": "a.b.c",
        "forged": stranger.sign(an_admin(), "ticketing"),
        "another audience": signer(stack).sign(an_admin(), "notifier"),
        "expired": signer(stack, lambda: time.time() - 120).sign(an_admin(), "ticketing"),
    }[name]
    base = stack.settings.url("ticketing-api")
    answers = []
    for line in (line for line in lines if line.owner == "ticketing"):
        headers = {HEADER: token} if token else {}
        url = f"{base}{about.url(line.path)}"
        answer = await desk.client.request(line.method, url, headers=headers)
        answers.append((str(line), answer.status_code))
    assert [one for one in answers if one[1] != 401] == []
    assert answers


async def test_a_route_that_nobody_serves_yet_is_absent_for_an_admin_too(
    desk: Desk, stack: Stack, lines: list[Line], about: Things
) -> None:
    asker: Any = Asker("admin", desk.admin)
    waiting = [line for line in expectations() if line not in lines]
    async with unheard(desk, stack):
        answers = await asked(asker, waiting, about)
    absent = {(404, "not_found"), (405, "method_not_allowed")}
    assert [str(a) for a in answers if (a.status, a.code) not in absent] == []
