"""Whose file lies under which key. File names are not here: they are in the events."""

from sqlalchemy import bindparam, insert

from deskstream_events.ticketing.ticket import AttachmentAddedV1
from deskstream_eventstore import Recorded, Work, compiled
from ticketing.infra.db.tables import attachment

INSERT = compiled(
    insert(attachment).values({c.name: bindparam(f"b_{c.name}") for c in attachment.c})
)


class AttachmentView:
    """`attachment`: one row a file."""

    name = "attachment"
    version = 1
    stream_types = frozenset({"ticketing.ticket"})
    tables: tuple[str, ...] = ("attachment",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """Depends on the fact alone."""
        event = fact.event
        if isinstance(event, AttachmentAddedV1):
            await INSERT.execute(
                work,
                b_id=event.attachment_id,
                b_ticket_id=event.ticket_id,
                b_key=event.key,
                b_sha256=event.sha256,
                b_size=event.size,
                b_media_type=event.media_type,
                b_added_at=event.at,
            )
