"""Tickets that become one, come apart again, are split or belong together. Key: ticket id.

Messages never leave the stream they were written in: a ticket that shows messages of another names
that one's stream, and the other names who has them.
"""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from deskstream_events.event import PersonalText, registry
from deskstream_events.ticketing.ticket import TicketEvent


class MovedMessage(BaseModel):
    """A message (a reply has its message's id) and the stream that holds it."""

    model_config = ConfigDict(frozen=True)

    message_id: UUID
    stream_id: UUID


@registry.event("ticketing.ticket.merged.v1")
class TicketMergedV1(TicketEvent):
    """It went up in another, in one append with that one's `absorbed`. What comes for it from now
    on goes there; the state below stays for the day it is unmerged."""

    survivor_id: UUID
    survivor_number: int
    merged_by: str


@registry.event("ticketing.ticket.absorbed.v1")
class TicketAbsorbedV1(TicketEvent):
    """It shows the other's messages and files as its own. What the merge changed besides, for being
    the other one's team restricted, is told by events of their own; here is what was before."""

    loser_id: UUID
    loser_number: int
    absorbed_by: str
    previous_team_id: UUID | None = None
    previous_assignee_id: UUID | None = None


@registry.event("ticketing.ticket.unmerged.v1")
class TicketUnmergedV1(TicketEvent):
    """Two tickets again; told to both. `moved`: what came while they were one and is at home with
    the loser."""

    survivor_id: UUID
    loser_id: UUID
    moved: tuple[MovedMessage, ...] = ()
    unmerged_by: str
    reason: PersonalText | None = None


@registry.event("ticketing.ticket.split.v1")
class TicketSplitV1(TicketEvent):
    """Some messages became a ticket of their own (the target); told to both."""

    source_id: UUID
    target_id: UUID
    target_number: int
    moved: tuple[MovedMessage, ...]
    split_by: str


@registry.event("ticketing.ticket.linked.v1")
class TicketLinkedV1(TicketEvent):
    """It belongs together with another; told to both. `follow_up`: the other goes on where this one
    was closed; `follows`: the other way round."""

    other_id: UUID
    other_number: int
    kind: Literal["follow_up", "follows", "split_off", "split_from"]
