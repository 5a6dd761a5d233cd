"""Builders for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_events.gateway.user import Role
from deskstream_events.ticketing.ticket import AttachmentAddedV1, TicketOpenedV1
from ticketing.domain.bodies import Body
from ticketing.domain.fold import fold
from ticketing.domain.people import Person, Team
from ticketing.domain.ticket import Ticket

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICKET_ID = UUID("01900000-0000-7000-8000-0000000000a1")
FIRST_MESSAGE = UUID("01900000-0000-7000-8000-0000000000b1")
SUPPORT = Team(SUPPORT_TEAM_ID, "Support", restricted=False)
CREDIT = Team(UUID("01900000-0000-7000-8000-0000000000c1"), "Credit", restricted=True)


def later(seconds: float) -> datetime:
    """An instant after START."""
    return START + timedelta(seconds=seconds)


def person(n: int = 1, role: Role | None = "agent", *teams: Team, active: bool = True) -> Person:
    """The n-th staff member, of Support unless teams are named."""
    return Person(
        id=UUID(f"01900000-0000-7000-8000-00000000d{n:03d}"),
        name=f"Agent {n}",
        email=f"agent-{n}@desk.test",
        role=role,
        active=active,
        teams=frozenset(team.id for team in (teams or (SUPPORT,))),
    )


def body(text: str = "Hello") -> Body:
    """A clean text."""
    return Body(f"<p>{text}</p>", text)


def opened(**over: Any) -> TicketOpenedV1:
    """The first event of the ticket of these tests."""
    values: dict[str, Any] = {
        "ticket_id": TICKET_ID,
        "at": START,
        "number": 7,
        "channel": "api",
        "subject": "A drum leaks",
        "message_id": FIRST_MESSAGE,
        "body_html": "<p>It leaks</p>",
        "body_text": "It leaks",
        "requester_name": "Cora Customer",
        "requester_email": "cora@customer.test",
        "team_id": SUPPORT_TEAM_ID,
        "opened_by": "key:shop",
    }
    return TicketOpenedV1(**(values | over))


def uploaded(n: int = 1, size: int = 10) -> AttachmentAddedV1:
    """The n-th file of the ticket."""
    file = UUID(f"01900000-0000-7000-8000-00000000f{n:03d}")
    return AttachmentAddedV1(
        ticket_id=TICKET_ID,
        at=START,
        attachment_id=file,
        key=f"ticketing/main/{file}",
        sha256="0" * 64,
        size=size,
        media_type="application/pdf",
        file_name=f"file-{n}.pdf",
        uploaded_by="user:x",
    )


def folded(events: Sequence[Event], start: Ticket | None = None) -> Ticket:
    """The ticket after these events."""
    first = start.version + 1 if start else 1
    ticket = fold(enumerate(events, first), start)
    assert ticket is not None
    return ticket
