"""The facts that services keep about tickets they do not own."""

from datetime import UTC, datetime
from uuid import UUID

from deskstream_chassis.access import TicketAccess
from deskstream_chassis.replica import FOLLOWED, TicketFacts, follow
from deskstream_events.event import Event, registry
from deskstream_events.ticketing.ticket import (
    TicketAssignedV1,
    TicketClosedV1,
    TicketOpenedV1,
    TicketReopenedV1,
    TicketSolvedV1,
    TicketTaggedV1,
    TicketTeamChangedV1,
    TicketUnassignedV1,
)

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICKET, TEAM, OTHER, ADA = (UUID(int=n) for n in range(1, 5))
SAYS_NOTHING = (
    *("absorbed", "attachment_", "customer_linked", "linked", "message_", "mentioned", "note_"),
    *("order_", "participant_", "priority_changed", "redacted", "reminded", "reply_", "sla_"),
    *("snooze", "split", "tagged", "untagged", "unwatched", "watched"),
)
"""Beginnings of types that change nothing about who may see a ticket, or whether it is open."""


def opened() -> TicketOpenedV1:
    return TicketOpenedV1(
        at=AT,
        ticket_id=TICKET,
        number=7,
        channel="mail",
        subject="s",
        message_id=UUID(int=9),
        body_html="h",
        body_text="t",
        team_id=TEAM,
        opened_by="key:shop",
    )


def after(*events: Event) -> TicketFacts | None:
    facts = None
    for event in events:
        facts = follow(facts, event)
    return facts


def test_a_new_ticket_is_open_and_its_teams() -> None:
    assert after(opened()) == TicketFacts(TICKET, 7, TEAM, "key:shop")


def test_who_has_it_and_whose_it_is_follow_the_stream() -> None:
    assigned = TicketAssignedV1(at=AT, ticket_id=TICKET, assignee_id=ADA, assigned_by="user:x")
    moved = TicketTeamChangedV1(at=AT, ticket_id=TICKET, team_id=OTHER, previous_id=TEAM)
    facts = after(opened(), assigned, moved)
    assert facts is not None
    assert facts.access(restricted=True) == TicketAccess(
        OTHER, True, ADA, frozenset(), False, "key:shop"
    )
    given_back = TicketUnassignedV1(at=AT, ticket_id=TICKET, previous_id=ADA)
    facts = follow(facts, given_back)
    assert facts is not None
    assert facts.assignee_id is None


def test_a_ticket_is_open_until_solved_or_closed_and_again_when_reopened() -> None:
    solved = TicketSolvedV1(at=AT, ticket_id=TICKET, previous="open")
    closed = TicketClosedV1(at=AT, ticket_id=TICKET, previous="solved", cause="silence")
    again = TicketReopenedV1(at=AT, ticket_id=TICKET, previous="closed", by="admin")
    steps = [after(opened(), *rest) for rest in ((solved,), (solved, closed), (closed, again))]
    assert [facts.is_open for facts in steps if facts is not None] == [False, False, True]


def test_without_the_first_event_nothing_is_known() -> None:
    assert after(TicketTaggedV1(at=AT, ticket_id=TICKET, tags=("vip",))) is None


def test_every_type_of_a_ticket_is_followed_or_says_nothing_about_access() -> None:
    types = set(registry.of_stream("ticketing.ticket"))
    followed = {kind.TYPE for kind in FOLLOWED} & types
    silent = {name for name in types if name.split(".")[2].startswith(SAYS_NOTHING)}
    assert types - followed == silent
