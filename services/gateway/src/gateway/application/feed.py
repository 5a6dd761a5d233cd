"""The feed of what happens, and what of it somebody may see."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from deskstream_chassis.access import Actor, Role, TicketAccess, decide, sees_notes
from deskstream_events.ticketing.ticket import AttachmentAddedV1, NoteAddedV1

FEED_KEPT = timedelta(days=7)
"""How far back one can resume."""

INTERNAL_TYPES = frozenset({NoteAddedV1.TYPE, AttachmentAddedV1.TYPE})
"""What tells of notes, or of files that no reply has sent yet: not for viewers (design 02 §3)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the feed, `seq`, which is the same at every replica of the gateway.

    `ticket_id` where it is about a ticket; then `ticket` are the facts as they are now, None where
    they are missing or not complete.
    """

    seq: int
    type: str
    id: UUID
    """The stream's: of the ticket, the message, the user or the team."""
    version: int
    ticket_id: UUID | None = None
    ticket: TicketAccess | None = None


def shows(actor: Actor, entry: Entry) -> bool:
    """Whether `actor` may learn of it: about tickets what `decide` lets him view; about people and
    teams managers, and everybody about himself. Pure."""
    if entry.ticket_id is not None:
        if entry.ticket is None or not decide(actor, "view", entry.ticket):
            return False
        return entry.type not in INTERNAL_TYPES or sees_notes(actor)
    return actor.is_at_least(Role.MANAGER) or (actor.kind == "user" and actor.id == str(entry.id))


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the feed, read at one instant. `floor`: entries up to it are forgotten; `fresh`:
    the facts are recent enough to decide with."""

    entries: tuple[Entry, ...]
    head: int
    floor: int
    fresh: bool

    def holds(self, since: int) -> bool:
        """Whether everything after `since` is still there; what lies ahead of the head is of
        another feed."""
        return self.floor <= since <= self.head
