"""Bodies of saved views."""

from typing import Any, Self
from uuid import UUID

from ticketing.application.saved_views import Count, SavedView, SaveView
from ticketing.interface.http.answer import Answer, Time
from ticketing.interface.http.fields import Strict, Subject
from ticketing.interface.http.listing import SavedQuery


class ViewIn(Strict):
    """POST and PUT of views."""

    title: Subject
    team_id: UUID | None = None
    """None: the caller's own."""
    query: SavedQuery = SavedQuery()

    def command(self, view_id: UUID | None) -> SaveView:
        """What is meant."""
        query = self.query.model_dump(mode="json", exclude_unset=True)
        return SaveView(view_id, self.title, self.team_id, query)


class ViewOut(Answer):
    """A saved view; `count` is of what the caller may see, at least that many with `more`."""

    id: UUID
    title: str
    team_id: UUID | None
    owner_id: UUID
    query: dict[str, Any]
    updated_at: Time
    count: int | None = None
    more: bool | None = None

    @classmethod
    def of(cls, view: SavedView, count: Count | None) -> Self:
        """With its count where that was asked for."""
        known = {"count": count.tickets, "more": count.more} if count else {}
        return cls.model_validate({**vars(view), **known})


class ViewsOut(Answer):
    """All that the caller may use."""

    items: list[ViewOut]
