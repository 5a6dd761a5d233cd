"""Signed-in staff by the hundred: rows put straight into a gateway's database, for load alone."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

_USER = """
insert into user_view
    (user_id, email, name, role, teams, verified, approved, version, registered_at)
values ($1, $2, 'Seat', 'agent', $3, true, true, 1, $4)
"""
_SESSION = """
insert into session (session_id, token_hash, user_id, created_at, last_seen_at, expires_at)
values ($1, $2, $3, $4, $4, $5)
"""


async def seat(dsn: str, teams: Sequence[Sequence[UUID]], sessions: int) -> list[list[str]]:
    """An agent for each of `teams`, his own teams, with so many sessions; their tokens."""
    now = datetime.now(UTC)
    expires = now + timedelta(hours=12)
    users, rows, tokens = [], [], []
    for his in teams:
        user = uuid4()
        users.append((user, f"{user}@seats.test", list(his), now))
        own = [secrets.token_urlsafe(32) for _ in range(sessions)]
        rows += [
            (uuid4(), hashlib.sha256(token.encode()).digest(), user, now, expires) for token in own
        ]
        tokens.append(own)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.executemany(_USER, users)
        await connection.executemany(_SESSION, rows)
    finally:
        await connection.close()
    return tokens
