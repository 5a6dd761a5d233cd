"""B8: signing in and looking a session up, with ten sessions and with a hundred thousand."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from bench.harness import Result, ratio
from deskstream_chassis.clock import FixedClock
from deskstream_chassis.migrations import migrate, migrations_folder
from deskstream_eventstore import Database, SubjectHasher
from gateway.application.app import build_app
from gateway.application.ports import Passwords
from gateway.infra.common_passwords import load_common_passwords
from gateway.infra.db.keys import DbKeys
from gateway.infra.db.queries import DbQueries
from gateway.infra.db.sessions import DbSessions
from gateway.infra.db.summing_audit import SummingAudit
from gateway.infra.db.trail import Trail
from gateway.infra.db.views import VIEWS
from gateway.infra.db.work import DbStore
from gateway.infra.factor_vault import SealedFactorVault
from gateway.infra.memory.desk import FakeDesk
from gateway.testing import PEPPERS, Cast, PlainSealer, Rig, cheap_passwords

USERS, SESSIONS = 10_000, 100_000
FEW = 10
LOOK_UPS, SIGN_INS = 400, 80
GATE = "<= 1.25"
MANY = 9
"""Rounds: what is short suffers from what else the machine does."""
SUBJECTS = SubjectHasher(b"t" * 32)
EMAIL = "ada@shop.test"
_EVENTS = """
insert into events (stream_id, stream_type, version, event_id, type, schema_version, data, meta)
select user_id, 'gateway.user', n, gen_random_uuid(), 'gateway.user.teams_changed.v1', 1, '{}', '{}'
from unnest($1::uuid[]) as user_id, generate_series(1, 3) as n"""


@dataclass
class Side:
    """A gateway's database, and one member of staff who has signed in ten times."""

    people: Cast
    database: Database
    tokens: list[str]

    async def look_up(self) -> float:
        """Microseconds, the median of many."""

        async def once(number: int) -> None:
            found = await self.people.rig.sessions.find(self.tokens[number % FEW])
            assert found is not None

        return await _median(once, LOOK_UPS)

    async def sign_in(self) -> float:
        """Microseconds without the hash of the password, which takes the same anywhere."""

        async def once(_: int) -> None:
            await self.people.sign_in(EMAIL)

        taken = await _median(once, SIGN_INS)
        kept = [sha256(token.encode()).digest() for token in self.tokens]
        await self.database.pool.execute(
            "delete from session where device <> 'many' and token_hash <> all($1)", kept
        )
        return taken


async def _median(step: Callable[[int], Awaitable[None]], times: int) -> float:
    taken = []
    for number in range(times):
        began = time.perf_counter()
        await step(number)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e6


@asynccontextmanager
async def desk_of(dsn: str, passwords: Passwords) -> AsyncIterator[tuple[Cast, Database]]:
    """The gateway's use cases over an empty database."""
    await asyncio.to_thread(migrate, dsn, migrations_folder("gateway"))
    database = await Database.connect(dsn, name="bench", subjects=SUBJECTS, views=VIEWS)
    clock, trail = FixedClock(datetime.now(UTC)), Trail(b"a" * 32)
    store, queries = DbStore(database, SUBJECTS, trail), DbQueries(database)
    audit = SummingAudit(database, trail, clock)
    app = build_app(
        store=store,
        queries=queries,
        passwords=passwords,
        sealer=PlainSealer(),
        vault=SealedFactorVault(b"f" * 32),
        audit=audit,
        clock=clock,
        common_passwords=load_common_passwords(),
        peppers=PEPPERS,
        services={},
        issuer=None,
        desk=FakeDesk().ports,
        quarantine=None,
    )
    sessions = DbSessions(database, clock, PEPPERS.session, factor_mandatory=False)
    keys = DbKeys(database, clock, PEPPERS.key)
    people = Cast(Rig(clock, app, store, queries, sessions, keys, audit, database=database))
    try:
        await people.support()
        yield people, database
    finally:
        await database.close()


@asynccontextmanager
async def side(dsn: str, *, many: bool) -> AsyncIterator[Side]:
    """With the ten sessions alone, or among `SESSIONS` of `USERS`."""
    async with desk_of(dsn, cheap_passwords()) as (people, database):
        await people.agent(EMAIL)
        if many:
            await fill(dsn, people.rig.clock.now())
        tokens = [(await people.sign_in(EMAIL)).token for _ in range(FEW)]
        yield Side(people, database, tokens)


async def fill(dsn: str, now: datetime) -> None:
    """Accounts with an open session each, nine that are over, ten devices, and a failed sign-in."""
    users = [UUID(int=uuid7().int) for _ in range(USERS)]
    later, each = now + timedelta(hours=12), SESSIONS // USERS
    connection = await asyncpg.connect(dsn)
    try:
        copy = connection.copy_records_to_table
        columns = ["user_id", "email", "name", "role", "teams", "verified", "approved", "version"]
        await copy(
            "user_view",
            columns=[*columns, "registered_at"],
            records=(
                (u, f"u{n}@shop.test", f"User {n}", "agent", [], True, True, 3, now)
                for n, u in enumerate(users)
            ),
        )
        await copy("user_email", records=((_hash(n), u) for n, u in enumerate(users)))
        await copy("credential", records=((u, "$argon2id$none", now) for u in users))
        await copy(
            "session",
            columns=[
                *("session_id", "token_hash", "user_id", "created_at", "last_seen_at"),
                *("expires_at", "ended_at", "device"),
            ],
            records=(
                (uuid7(), _digest(n, k), u, now, now, later, now if k else None, "many")
                for n, u in enumerate(users)
                for k in range(each)
            ),
        )
        await copy(
            "known_device",
            records=(
                (_digest(n, k), u, now, later, None)
                for n, u in enumerate(users)
                for k in range(each)
            ),
        )
        await copy("sign_in_tries", records=((_hash(n), 1, now) for n in range(USERS)))
        await connection.execute(_EVENTS, users)
        await connection.execute("analyze")
    finally:
        await connection.close()


def _hash(number: int) -> str:
    return SUBJECTS.hash(f"mail:u{number}@shop.test")


def _digest(user: int, number: int) -> bytes:
    return sha256(f"{user} {number}".encode()).digest()


async def sign_in(few: str, many: str) -> Result:
    """B8-sign-in."""
    async with side(few, many=False) as small, side(many, many=True) as large:
        note = f"{SESSIONS} sessions of {USERS} accounts against {FEW} of one; no password's hash"
        return await ratio("B8-sign-in", GATE, large.sign_in, small.sign_in, rounds=MANY, note=note)


async def look_up(few: str, many: str) -> Result:
    """B8-look-up."""
    async with side(few, many=False) as small, side(many, many=True) as large:
        note = f"{SESSIONS} sessions of {USERS} accounts against {FEW} of one"
        return await ratio("B8-look-up", GATE, large.look_up, small.look_up, rounds=MANY, note=note)
