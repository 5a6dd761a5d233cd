"""A service's schema: Alembic revisions, applied by one process at a time.

Revisions lie in `migrations/` beside the service's pyproject.toml (or in `migrations/versions/`);
an installed wheel carries the same folder as `SERVICE/migrations`.
"""

from importlib.util import find_spec
from pathlib import Path

import asyncpg
import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import NullPool, create_engine, text

_LOCK = 0x6465736B  # "desk": one key per database is enough, a database belongs to one service


class NoMigrations(RuntimeError):
    """The service has no migrations folder."""


def migrations_folder(package: str) -> Path:
    """Where the revisions of an importable service lie. Raises NoMigrations."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise NoMigrations(f"{package} cannot be imported")
    home = Path(spec.origin).parent
    for folder in (home / "migrations", home.parents[1] / "migrations"):
        if folder.is_dir():
            return folder
    raise NoMigrations(f"{package} has no migrations folder")


def scripts(folder: Path) -> ScriptDirectory:
    """The revisions of a folder."""
    versions = folder / "versions"
    return ScriptDirectory(
        str(folder), version_locations=[str(versions if versions.is_dir() else folder)]
    )


def head(folder: Path) -> str | None:
    """The newest revision; None without any. Raises RevisionError if the history forks."""
    heads = scripts(folder).get_heads()
    if len(heads) > 1:
        raise RevisionError(f"{len(heads)} heads; merge them")
    return heads[0] if heads else None


def migrate(dsn: str, folder: Path, revision: str = "head") -> str | None:
    """Bring the database to a revision and return it. Blocks.

    Waits for another process that is migrating (advisory lock); all revisions are one transaction,
    so a failed one leaves the schema as it was.
    """
    script = scripts(folder)
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool
    )
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        try:

            def steps(current: object, _: MigrationContext) -> object:
                return script._upgrade_revs(revision, current)  # type: ignore[arg-type]

            with EnvironmentContext(Config(), script, fn=steps, destination_rev=revision) as env:
                env.configure(connection=connection, target_metadata=None)
                with env.begin_transaction():
                    env.run_migrations()
            connection.commit()
            return MigrationContext.configure(connection).get_current_revision()
        finally:
            connection.rollback()
            connection.execute(text("select pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()


async def revision_of(dsn: str) -> str | None:
    """The schema's revision; None if it was never migrated. Raises asyncpg's and OS errors while
    the database is away."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        found = await connection.fetchval("select version_num from alembic_version")
        return None if found is None else str(found)
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()


async def at_head(dsn: str, folder: Path) -> bool:
    """Whether the schema is at the code's newest revision, or beyond what this code knows.

    A revision that this code does not know was made by a newer release: expand comes before deploy,
    so the older code may run on it.
    """
    newest = head(folder)
    current = await revision_of(dsn)
    if current == newest:
        return True
    if current is None:
        return False
    return not any(script.revision == current for script in scripts(folder).walk_revisions())
