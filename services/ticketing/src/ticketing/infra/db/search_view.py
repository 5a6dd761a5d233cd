"""What tickets are found by: a row a message, with the words in it."""

from uuid import UUID

from sqlalchemy import Text, any_, bindparam, func, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from deskstream_events.event import REDACTED, Event
from deskstream_events.ticketing import incoming, merging, reply, ticket
from deskstream_eventstore import Recorded, Work, compiled
from ticketing.domain.words import words_of
from ticketing.infra.db.tables import search_text

_new = insert(search_text).values(
    message_id=bindparam("b_message_id"),
    ticket_id=bindparam("b_ticket_id"),
    internal=bindparam("b_internal"),
    words=func.array_to_tsvector(bindparam("b_words", type_=ARRAY(Text))),
)
KEEP = compiled(
    _new.on_conflict_do_update(
        index_elements=[search_text.c.message_id],
        set_={
            "ticket_id": _new.excluded.ticket_id,
            "internal": _new.excluded.internal,
            "words": _new.excluded.words,
        },
    )
)
EDIT = compiled(
    update(search_text)
    .where(search_text.c.message_id == bindparam("b_message_id"))
    .values(words=func.array_to_tsvector(bindparam("b_words", type_=ARRAY(Text))))
)
SHOW = compiled(
    update(search_text)
    .where(search_text.c.message_id == bindparam("b_message_id"))
    .values(internal=False)
)
MOVE = compiled(
    update(search_text)
    .where(
        search_text.c.message_id
        == any_(bindparam("b_ids", type_=ARRAY(search_text.c.message_id.type)))
    )
    .values(ticket_id=bindparam("b_ticket_id"))
)


class SearchView:
    """`search_text`: where each message is at home, and its words. A ticket that went up in another
    keeps its rows; who searches follows it."""

    name = "search_text"
    version = 1
    stream_types = frozenset({"ticketing.ticket"})
    tables: tuple[str, ...] = ("search_text",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """Depends on the fact and its own rows alone; of what both tickets are told, the fact of
        the one that has the messages now counts."""
        event = fact.event
        match event:
            case merging.TicketUnmergedV1(loser_id=home) | merging.TicketSplitV1(target_id=home):
                if home == fact.stream_id:
                    ids = [moved.message_id for moved in event.moved]
                    await MOVE.execute(work, b_ids=ids, b_ticket_id=home)
            case incoming.MessageReleasedV1(message_id=message):
                await SHOW.execute(work, b_message_id=message)
            case reply.ReplyQueuedV1() | reply.ReplyEditedV1():
                await self._reply(work, event)
            case _:
                await self._keep(work, event, fact)

    @staticmethod
    async def _reply(work: Work, event: reply.ReplyQueuedV1 | reply.ReplyEditedV1) -> None:
        """Queued again or changed: it stays where it is at home."""
        words = _text(event.body_text)
        if not await EDIT.execute(work, b_message_id=event.reply_id, b_words=words):
            await KEEP.execute(
                work,
                b_message_id=event.reply_id,
                b_ticket_id=event.ticket_id,
                b_internal=False,
                b_words=words,
            )

    @staticmethod
    async def _keep(work: Work, event: Event, fact: Recorded) -> None:
        found = _message(event)
        if found is not None:
            message_id, internal, words = found
            await KEEP.execute(
                work,
                b_message_id=message_id,
                b_ticket_id=fact.stream_id,
                b_internal=internal,
                b_words=words,
            )


def _message(event: Event) -> tuple[UUID, bool, list[str]] | None:
    """(message, whether it is for staff only, its words)."""
    match event:
        case ticket.TicketOpenedV1():
            people = (event.requester_name, event.requester_email, *event.cc_emails)
            return event.message_id, False, _text(event.subject, event.body_text, *people)
        case incoming.MessageReceivedV1() | incoming.MessageHeldV1():
            people = (event.sender_name, event.sender_email)
            held = isinstance(event, incoming.MessageHeldV1)
            return event.message_id, held, _text(event.body_text, *people)
        case ticket.NoteAddedV1():
            return event.note_id, True, _text(event.body_text)
        case reply.ReplyScheduledV1():
            return event.reply_id, False, _text(event.body_text)
        case _:
            return None


def _text(*parts: str | None) -> list[str]:
    """What was redacted is not found."""
    return words_of(*(part for part in parts if part != REDACTED))
