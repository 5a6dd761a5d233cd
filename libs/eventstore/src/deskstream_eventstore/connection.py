"""Connections to a store: the type, the codec, and the limits that every one carries."""

import json
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""A connection as the pool lends it, or one of its own."""

TRANSACTION_TIMEOUT = "30s"
IDLE_IN_TRANSACTION_TIMEOUT = "10s"
"""An appender that idles in its transaction holds the relay back; PostgreSQL ends it."""
STATEMENT_SECONDS = 30.0
"""For statements outside a unit of work, which has a limit of its own: the relay must notice when
the database's machine is gone without a word."""

CONNECTION_OUTAGES = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a pooled connection that the dying server has taken leave of
)
"""What a statement that is right can end with while the database is away."""


class StoreConnection(asyncpg.Connection):
    """Settings are made per transaction only, so a connection needs no reset when given back."""

    def get_reset_query(self) -> str:
        """Nothing: saves a round trip per unit of work."""
        return ""


async def prepare(connection: Connection) -> None:
    """JSON columns take and give Python values; their text is kept as written."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
        )


def server_settings(name: str) -> dict[str, str]:
    """What the server holds each session of a writer to."""
    return {
        "application_name": name,
        "transaction_timeout": TRANSACTION_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT,
    }
