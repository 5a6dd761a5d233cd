"""What a list of tickets can be asked for."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, TypeAdapter

from deskstream_chassis.access import Actor
from deskstream_chassis.http.pages import MAX_LIMIT, Cursors
from deskstream_events.event import Instant
from deskstream_events.ticketing.ticket import Channel, Priority
from ticketing.application.ports import Filters, Position, Sort, TicketRow
from ticketing.domain.ticket import Standing
from ticketing.interface.http.fields import Email, Name, Search, Strict, assignee_ref

cursors: Cursors[Position] = Cursors("tickets", Position)  # type: ignore[arg-type]


class SavedQuery(Strict):
    """What a list shows and how it is sorted; saved views keep this."""

    status: Annotated[tuple[Standing, ...], Field(max_length=8)] = ()
    """Without one: all but spam."""
    deleted: bool = False
    """What is deleted; managers and admins see some."""
    snoozed: bool | None = None
    watched: bool = False
    """What the caller watches."""
    team: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    assignee: Name | None = None
    """Id, e-mail, `me` or `none`."""
    priority: Annotated[tuple[Priority, ...], Field(max_length=4)] = ()
    tag: Name | None = None
    channel: Annotated[tuple[Channel, ...], Field(max_length=5)] = ()
    customer: Email | None = None
    created_since: Instant | None = None
    created_before: Instant | None = None
    updated_since: Instant | None = None
    updated_before: Instant | None = None
    failed_replies: bool = False
    """Only with a reply that failed, bounced or is held."""
    q: Search | None = None
    """A number, or words (or their beginnings) of a message, the subject or participants."""
    sort: Sort = "-updated_at"

    def filters(self, actor: Actor) -> Filters:
        """What is meant; `me` is the caller."""
        unassigned = self.assignee == "none"
        named = actor.user_id if self.assignee == "me" else assignee_ref(self.assignee)
        return Filters(
            statuses=self.status,
            deleted=self.deleted,
            snoozed=self.snoozed,
            watcher=actor.user_id if self.watched else None,
            teams=self.team,
            assignee=None if unassigned else named,
            unassigned=unassigned,
            priorities=self.priority,
            tag=self.tag,
            channels=self.channel,
            customer=self.customer,
            created_since=self.created_since,
            created_before=self.created_before,
            updated_since=self.updated_since,
            updated_before=self.updated_before,
            troubled=self.failed_replies,
            text=self.q,
        )


class TicketQuery(SavedQuery):
    """Query of GET /api/tickets; a name that is not here is an error."""

    view: UUID | None = None
    """A saved view; what is asked for besides takes the place of its own."""
    cursor: Annotated[str | None, Field(max_length=1000)] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50

    def over(self, saved: Mapping[str, Any]) -> "TicketQuery":
        """This query on top of a saved one."""
        asked = self.model_dump(exclude_unset=True)
        return TicketQuery.model_validate({**saved, **asked})

    def after(self) -> Position | None:
        """Where the page begins. Raises Problem 422 for a cursor of another list."""
        return cursors.read(self.cursor, self._fixed())

    def cursor_of(self, row: TicketRow) -> str:
        """The cursor behind this row."""
        value = getattr(row, self.sort.removeprefix("-"))
        text = str(value) if isinstance(value, int) else value.isoformat()
        return cursors.write((text, row.id), self._fixed())

    def _fixed(self) -> object:
        return self.model_dump(mode="json", exclude={"cursor", "limit"})


_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def _point(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value if value is None else _INSTANT.validate_python(value)


class HistoryQuery(Strict):
    """Query of GET …/history."""

    as_of: Annotated[int | datetime | None, BeforeValidator(_point)] = None
    """A version, or an instant with its zone."""
    cursor: Annotated[str | None, Field(max_length=1000)] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
