"""Tables in a schema beside the live ones: made alike, compared, and put in their place."""

import re
from collections.abc import Sequence

from deskstream_eventstore.connection import Connection
from deskstream_eventstore.errors import StoreError

_CHECKSUM = """
select count(*) as n, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) as h
from {schema}.{table} t"""
_INDEXES = """
select indexname, regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX \\S+ ON \\S+ ', '\\1') as shape
from pg_indexes where schemaname = $1 and tablename = $2 order by 2, 1"""

_WOULD_BE_LOST = """
select conname from pg_constraint where contype = 'f' and conrelid = any($1::text[]::regclass[])
union all
select tgname from pg_trigger where not tgisinternal and tgrelid = any($1::text[]::regclass[])"""
_GRANTS = """
select format('grant %s on {schema}.{table} to %s', a.privilege_type,
              case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
from pg_class c, aclexplode(c.relacl) a
where c.oid = 'public.{table}'::regclass and a.grantee <> c.relowner"""


class NotRebuildable(StoreError):
    """The view's tables have a foreign key or a trigger, which a copy would not have."""


def schema_of(view: str) -> str:
    """The schema of a view's rebuild. Raises ValueError for a name that is no identifier."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", view):
        raise ValueError(f"a view's name is a lower-case identifier: {view!r}")
    return f"rebuild_{view}"


async def create_beside(connection: Connection, schema: str, tables: Sequence[str]) -> None:
    """Empty tables like the live ones, with their grants. Raises NotRebuildable."""
    lost = await connection.fetchval(_WOULD_BE_LOST, [f"public.{table}" for table in tables])
    if lost is not None:
        raise NotRebuildable(f"{lost} would be lost by a rebuild")
    await connection.execute(f"create schema {schema}")
    for table in tables:
        await connection.execute(
            f"create table {schema}.{table} (like public.{table} including all)"
        )
        for grant in await connection.fetch(_GRANTS.format(schema=schema, table=table)):
            await connection.execute(grant[0])


async def drop_beside(connection: Connection, schema: str) -> None:
    """What a killed rebuild left."""
    await connection.execute(f"drop schema if exists {schema} cascade")


async def checksum(connection: Connection, schema: str, tables: Sequence[str]) -> str:
    """Rows and a sum of their hashes, for each table: equal content, equal text."""
    parts = []
    for table in tables:
        row = await connection.fetchrow(_CHECKSUM.format(schema=schema, table=table))
        assert row is not None
        parts.append(f"{table}:{row['n']}:{row['h']}")
    return " ".join(parts)


async def swap(connection: Connection, schema: str, tables: Sequence[str]) -> None:
    """Put the new tables in place and drop the old ones, in the caller's transaction, which has
    locked them. Indexes and the constraints behind them keep their names."""
    for table in tables:
        live = await connection.fetch(_INDEXES, "public", table)
        await connection.execute(f"drop table public.{table}")
        await connection.execute(f"alter table {schema}.{table} set schema public")
        fresh = await connection.fetch(_INDEXES, "public", table)
        moves = [
            (new["indexname"], old["indexname"])
            for old, new in zip(live, fresh, strict=True)
            if old["indexname"] != new["indexname"]
        ]
        for n, (new, _) in enumerate(moves):
            await connection.execute(f'alter index public."{new}" rename to swap_{n}_{table}')
        for n, (_, old) in enumerate(moves):
            await connection.execute(f'alter index public.swap_{n}_{table} rename to "{old}"')
    await connection.execute(f"drop schema {schema} cascade")
