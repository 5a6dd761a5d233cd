"""The read models, kept in the transaction of the append; each can be rebuilt from the store."""

from deskstream_eventstore import View
from ticketing.infra.db.attachment_view import AttachmentView
from ticketing.infra.db.call_view import CallView
from ticketing.infra.db.participant_view import ParticipantView
from ticketing.infra.db.reply_view import ReplyView
from ticketing.infra.db.search_view import SearchView
from ticketing.infra.db.ticket_view import TicketView


def views() -> tuple[View, ...]:
    """Replies before tickets: the undo timer locks a reply's row first, and all others must take
    the two in the same order."""
    return (
        ReplyView(),
        TicketView(),
        ParticipantView(),
        AttachmentView(),
        SearchView(),
        CallView(),
    )
