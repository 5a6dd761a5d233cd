"""What can be asked. Reads fold the ticket's stream; lists come from the read models."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from deskstream_chassis.access import AccessDenied, Actor, sees_notes
from deskstream_eventstore import Database, Work
from ticketing.application.assignees import find_assignee
from ticketing.application.families import stored
from ticketing.application.ports import (
    Directory,
    FailedReply,
    Files,
    Filters,
    Index,
    Lists,
    Position,
    Sort,
    TicketRef,
    TicketRow,
)
from ticketing.application.scan_files import ScanFiles
from ticketing.application.tickets import Tickets
from ticketing.domain.family import held_in
from ticketing.domain.replies import found
from ticketing.domain.ticket import Attachment, HeldMessage, Message, Reply, Ticket


@dataclass(frozen=True)
class Shown:
    """A ticket as one caller may see it, with the names of the staff in it."""

    ticket: Ticket
    messages: tuple[Message, ...]
    attachments: tuple[Attachment, ...]
    names: Mapping[UUID, str]
    held: tuple[HeldMessage, ...] = ()


def visible(ticket: Ticket, actor: Actor) -> Shown:
    """Without notes and internal files for viewers."""
    if sees_notes(actor):
        return Shown(ticket, ticket.messages, tuple(ticket.attachments.values()), {})
    sent = ticket.sent_attachments()
    messages = tuple(m for m in ticket.messages if m.kind != "note")
    return Shown(
        ticket, messages, tuple(f for f in ticket.attachments.values() if f.id in sent), {}
    )


class ShowTicket:
    """One ticket with its conversation."""

    def __init__(self, database: Database, tickets: Tickets, directory: Directory) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory

    async def __call__(self, ref: TicketRef, actor: Actor) -> Shown:
        """Raises AccessDenied."""
        async with self._database.reading() as work:
            loaded = await self._tickets.get(work, ref, actor, "view")
            ticket = loaded.whole
            shown = visible(ticket, actor)
            authors = {m.author_id for m in shown.messages if m.author_id}
            names = await self._directory.names(work, authors) if authors else {}
        held = held_in(ticket, loaded.family) if sees_notes(actor) else ()
        return Shown(ticket, shown.messages, shown.attachments, names, held)


class ShowReply:
    """What became of one reply."""

    def __init__(self, database: Database, tickets: Tickets) -> None:
        self._database = database
        self._tickets = tickets

    async def __call__(self, ref: TicketRef, reply_id: UUID, actor: Actor) -> Reply:
        """Raises AccessDenied, ReplyUnknown."""
        async with self._database.reading() as work:
            loaded = await self._tickets.get(work, ref, actor, "view")
        return found(loaded.whole, reply_id)


class ListTickets:
    """Newest activity first unless sorted otherwise."""

    def __init__(self, database: Database, lists: Lists, directory: Directory) -> None:
        self._database = database
        self._lists = lists
        self._directory = directory

    async def __call__(
        self, actor: Actor, filters: Filters, sort: Sort, after: Position | None, limit: int
    ) -> Sequence[TicketRow]:
        """One row more than `limit` where there is a next page. Raises AssigneeUnknown."""
        async with self._database.reading() as work:
            if isinstance(filters.assignee, str):
                person = await find_assignee(work, self._directory, filters.assignee)
                filters = replace(filters, assignee=person.id if person else None)
            return await self._lists.tickets(work, actor, filters, sort, after, limit + 1)


class ListFailedReplies:
    """Failed and held replies of tickets that the caller may see."""

    def __init__(self, database: Database, lists: Lists) -> None:
        self._database = database
        self._lists = lists

    async def __call__(
        self, actor: Actor, after: Position | None, limit: int
    ) -> Sequence[FailedReply]:
        """One row more than `limit` where there is a next page."""
        async with self._database.reading() as work:
            return await self._lists.failed_replies(work, actor, after, limit + 1)


class DownloadFile:
    """A file of a ticket that the caller may see."""

    def __init__(
        self, database: Database, tickets: Tickets, index: Index, files: Files, scans: ScanFiles
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._index = index
        self._files = files
        self._scans = scans

    async def find(self, attachment_id: UUID, actor: Actor) -> Attachment:
        """Raises AccessDenied, FileQuarantined; `hidden` also for a viewer where no reply has sent
        it."""
        async with self._database.reading() as work:
            ticket_id = await self._index.ticket_of_attachment(work, attachment_id)
            if ticket_id is None:
                raise AccessDenied("hidden")
            for shower in await self._showers(work, ticket_id):
                try:
                    ticket = (await self._tickets.get(work, shower, actor, "view")).whole
                except AccessDenied:
                    continue
                for file in visible(ticket, actor).attachments:
                    if file.id == attachment_id:
                        await self._scans.free(work, [file])
                        return file
        raise AccessDenied("hidden")

    @staticmethod
    async def _showers(work: Work, holder: UUID) -> list[UUID]:
        """The tickets that may show a file of this one's stream: itself, whoever got messages of
        it, and the survivors of all of them."""
        found: dict[UUID, None] = {}
        ends = [holder]
        while ends:
            one = ends.pop()
            if one not in found:
                found[one] = None
                ticket = await stored(work, one)
                ends += [*ticket.lent.values(), ticket.merged_into or one]
        return list(found)

    async def read(self, file: Attachment, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` up to and without `end`, after `find` allowed it."""
        return await self._files.read(file.key, start, end)
