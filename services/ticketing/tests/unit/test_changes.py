"""Opening and changing tickets."""

import pytest

from deskstream_events.ticketing.ticket import TicketTaggedV1, TicketUntaggedV1
from ticketing.domain import guards
from ticketing.domain.changes import Changes, Opening, change, open_ticket
from ticketing.domain.errors import (
    AssigneeCannotWork,
    AssigneeOutsideTeam,
    TagInvalid,
)
from ticketing.domain.notes import add_note
from ticketing.testing import (
    CREDIT,
    FIRST_MESSAGE,
    START,
    SUPPORT,
    TICKET_ID,
    body,
    folded,
    opened,
    person,
)


def opening(**over):
    values = {
        "ticket_id": TICKET_ID,
        "number": 3,
        "message_id": FIRST_MESSAGE,
        "channel": "api",
        "subject": "Leak",
        "body": body(),
        "requester_name": None,
        "requester_email": None,
        "cc": (),
        "team": SUPPORT,
        "priority": "normal",
        "tags": (),
        "assignee": None,
        "by": "key:k",
    }
    return Opening(**(values | over))


def changed(ticket, wanted, team=SUPPORT, assignee=None):
    return change(ticket, wanted, team=team, assignee=assignee, by="user:1", at=START)


def test_a_ticket_starts_new_with_the_customers_message():
    ticket = folded(open_ticket(opening(), START))
    assert (ticket.status, ticket.number, ticket.assignee_id) == ("new", 3, None)
    assert [m.kind for m in ticket.messages] == ["customer"]


def test_a_ticket_that_is_opened_with_an_assignee_is_open():
    ticket = folded(open_ticket(opening(assignee=person()), START))
    assert (ticket.status, ticket.assignee_id) == ("open", person().id)


@pytest.mark.parametrize("who", [person(2, "viewer"), person(2, None), person(2, active=False)])
def test_only_an_active_agent_or_above_can_be_assigned(who):
    with pytest.raises(AssigneeCannotWork):
        open_ticket(opening(assignee=who), START)


def test_a_restricted_ticket_is_not_assigned_to_an_outsider():
    with pytest.raises(AssigneeOutsideTeam):
        open_ticket(opening(team=CREDIT, assignee=person()), START)
    for insider in (person(2, "agent", CREDIT), person(3, "manager"), person(4, "admin")):
        open_ticket(opening(team=CREDIT, assignee=insider), START)


def test_moving_into_a_restricted_team_needs_an_assignee_who_may_see_it():
    ticket = folded(open_ticket(opening(assignee=person()), START))
    with pytest.raises(AssigneeOutsideTeam):
        changed(ticket, Changes(team=CREDIT), assignee=person())
    insider = person(2, "agent", CREDIT)
    after = folded(changed(ticket, Changes(team=CREDIT, assignee=insider)), ticket)
    assert (after.team_id, after.assignee_id) == (CREDIT.id, insider.id)
    free = folded(changed(ticket, Changes(team=CREDIT, unassign=True), assignee=person()), ticket)
    assert free.assignee_id is None


def test_tags_become_what_was_asked_by_what_is_added_and_removed():
    ticket = folded([opened(tags=("a", "b"))])
    events = changed(ticket, Changes(tags=("B", "c")))
    assert [type(e) for e in events] == [TicketTaggedV1, TicketUntaggedV1]
    assert folded(events, ticket).tags == ("b", "c")


@pytest.mark.parametrize("tag", ["", " ", "-x", "x" * 51, "two words"])
def test_a_malformed_tag_is_refused(tag):
    with pytest.raises(TagInvalid):
        guards.tags([tag])


def test_a_change_that_changes_nothing_says_nothing():
    ticket = folded([opened()])
    wanted = Changes(status="new", priority="normal", team=SUPPORT, tags=(), unassign=True)
    assert changed(ticket, wanted) == ()


def test_a_persons_note_opens_a_new_ticket_and_a_keys_note_does_not():
    ticket = folded([opened()])
    for author, status in ((person().id, "open"), (None, "new")):
        events = add_note(
            ticket, body(), note_id=CREDIT.id, author_id=author, attachment_ids=(), at=START
        )
        assert folded(events, ticket).status == status
