"""Saved views."""

import json
from collections.abc import Sequence
from uuid import UUID

import asyncpg
from sqlalchemy import any_, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from deskstream_eventstore import Work, compiled
from ticketing.application.saved_views import SavedView
from ticketing.infra.db.tables import saved_view

_mine = saved_view.c.owner_id == bindparam("b_user_id")
_team = saved_view.c.team_id == any_(bindparam("b_teams", type_=ARRAY(saved_view.c.team_id.type)))
_order = (saved_view.c.title, saved_view.c.id)
OF = compiled(select(saved_view).where(or_(_mine, _team)).order_by(*_order))
ALL = compiled(
    select(saved_view).where(or_(_mine, saved_view.c.team_id.is_not(None))).order_by(*_order)
)
GET = compiled(select(saved_view).where(saved_view.c.id == bindparam("b_id")))
_new = insert(saved_view).values({c.name: bindparam(f"b_{c.name}") for c in saved_view.c})
KEEP = compiled(
    _new.on_conflict_do_update(
        index_elements=[saved_view.c.id],
        set_={c.name: _new.excluded[c.name] for c in saved_view.c if c.name != "id"},
    )
)
DROP = compiled(delete(saved_view).where(saved_view.c.id == bindparam("b_id")))


class PostgresViews:
    """Views over `saved_view`."""

    async def of(
        self, work: Work, user_id: UUID, teams: Sequence[UUID] | None
    ) -> Sequence[SavedView]:
        """By title."""
        if teams is None:
            rows = await ALL.fetch(work, b_user_id=user_id)
        else:
            rows = await OF.fetch(work, b_user_id=user_id, b_teams=list(teams))
        return [_view(row) for row in rows]

    async def get(self, work: Work, view_id: UUID) -> SavedView | None:
        """By id."""
        row = await GET.row(work, b_id=view_id)
        return None if row is None else _view(row)

    async def keep(self, work: Work, view: SavedView) -> None:
        """One statement."""
        bound = {f"b_{name}": value for name, value in vars(view).items()}
        await KEEP.execute(work, **bound | {"b_query": json.dumps(view.query)})

    async def drop(self, work: Work, view_id: UUID) -> None:
        """By id."""
        await DROP.execute(work, b_id=view_id)


def _view(row: asyncpg.Record) -> SavedView:
    return SavedView(**{**row, "query": json.loads(row["query"])})
