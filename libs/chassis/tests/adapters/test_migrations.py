"""Migrations: one at a time, all or nothing, and a check that the code's schema is there."""

import asyncio
import textwrap
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.script.revision import RevisionError

from deskstream_chassis.migrations import (
    NoMigrations,
    at_head,
    head,
    migrate,
    migrations_folder,
    revision_of,
)


def revision(folder: Path, name: str, after: str | None, body: str) -> None:
    """Write one revision file."""
    text = f'''
        """{name}"""
        from alembic import op

        revision = "{name}"
        down_revision = {after!r}


        def upgrade() -> None:
            {body}
        '''
    (folder / f"{name}_step.py").write_text(textwrap.dedent(text))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    revision(tmp_path, "0001", None, 'op.execute("create table one (id int)")')
    revision(tmp_path, "0002", "0001", 'op.execute("create table two (id int)")')
    return tmp_path


async def tables(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("select relname from pg_class where relkind = 'r'")
    await connection.close()
    return {row["relname"] for row in rows} & {"one", "two", "three"}


async def test_an_empty_database_comes_to_head(postgres_dsn: Any, folder: Path) -> None:
    dsn = postgres_dsn()
    assert not await at_head(dsn, folder)
    assert migrate(dsn, folder) == "0002" == head(folder)
    assert (await revision_of(dsn), await tables(dsn)) == ("0002", {"one", "two"})
    assert await at_head(dsn, folder)
    assert migrate(dsn, folder) == "0002"


async def test_new_code_sees_that_the_schema_is_behind(postgres_dsn: Any, folder: Path) -> None:
    dsn = postgres_dsn()
    migrate(dsn, folder, "0001")
    assert not await at_head(dsn, folder)
    migrate(dsn, folder)
    assert await at_head(dsn, folder)


async def test_older_code_runs_on_a_newer_schema(postgres_dsn: Any, folder: Path) -> None:
    dsn = postgres_dsn()
    migrate(dsn, folder)
    (folder / "0002_step.py").unlink()
    assert await at_head(dsn, folder)


async def test_a_failing_revision_leaves_the_schema_as_it_was(
    postgres_dsn: Any, folder: Path
) -> None:
    dsn = postgres_dsn()
    revision(folder, "0003", "0002", 'op.execute("create table three (id int, id int)")')
    with pytest.raises(Exception, match=r"three|id"):
        migrate(dsn, folder)
    assert (await revision_of(dsn), await tables(dsn)) == (None, set())


async def test_many_that_migrate_at_once_do_it_once(postgres_dsn: Any, folder: Path) -> None:
    dsn = postgres_dsn()
    revision(folder, "0003", "0002", 'op.execute("select pg_sleep(0.2)")')
    done = await asyncio.gather(*(asyncio.to_thread(migrate, dsn, folder) for _ in range(4)))
    assert done == ["0003"] * 4


def test_a_forked_history_is_refused(folder: Path) -> None:
    revision(folder, "0002b", "0001", "pass")
    with pytest.raises(RevisionError, match="heads"):
        head(folder)


def test_the_folder_is_found_beside_the_source_and_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, wheel = tmp_path / "repo" / "src" / "beside", tmp_path / "site" / "within"
    for package in (source, wheel):
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(package.parent))
    (tmp_path / "repo" / "migrations").mkdir()
    (wheel / "migrations").mkdir()
    assert migrations_folder("beside") == tmp_path / "repo" / "migrations"
    assert migrations_folder("within") == wheel / "migrations"
    with pytest.raises(NoMigrations):
        migrations_folder("absent_package")
