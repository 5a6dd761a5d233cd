"""The README's example runs."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import Column, MetaData, Table, Text, Uuid, insert

from deskstream_events import team
from deskstream_eventstore import (
    Database,
    Origin,
    Recorded,
    SubjectHasher,
    Work,
    compiled,
    rebuild,
)

README = Path(__file__).parents[1] / "README.md"


async def test_the_example_of_the_readme_says_what_it_promises(store_dsn: str) -> None:
    titles = Table(
        "team_titles", MetaData(), Column("id", Uuid, primary_key=True), Column("title", Text)
    )
    connection = await asyncpg.connect(store_dsn)
    await connection.execute("create table team_titles (id uuid primary key, title text)")
    await connection.close()
    names: dict[str, Any] = {
        "Database": Database,
        "INSERT": compiled(insert(titles)),
        "NOW": datetime(2026, 1, 5, 9, tzinfo=UTC),
        "Origin": Origin,
        "Recorded": Recorded,
        "SubjectHasher": SubjectHasher,
        "Work": Work,
        "rebuild": rebuild,
        "team": team,
        "uuid4": uuid4,
    }
    text = README.read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    exec(code.group(1), names)
    said = await names["example"](store_dsn)
    assert f"It says `{said}`" in text
