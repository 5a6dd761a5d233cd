"""Mails about tickets, and replies."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_events.gateway.user import UserApprovedV1, UserRegisteredV1
from deskstream_events.ticketing.reply import (
    MailedFile,
    ReplyCancelledV1,
    ReplyQueuedV1,
    ReplyReleasedV1,
)
from deskstream_events.ticketing.ticket import (
    ParticipantAddedV1,
    ParticipantRemovedV1,
    TicketAssignedV1,
    TicketOpenedV1,
    TicketTeamChangedV1,
)
from deskstream_eventstore import Permanent


def opened(desk: Any, ticket: UUID, **changes: Any) -> TicketOpenedV1:
    known: dict[str, Any] = {
        "at": desk.now,
        "ticket_id": ticket,
        "number": 17,
        "channel": "api",
        "subject": "Is acetone shipped by air?",
        "message_id": uuid4(),
        "body_html": "<p>x</p>",
        "body_text": "x",
        "requester_name": "Ann",
        "requester_email": "ann@example.org",
        "team_id": uuid4(),
        "opened_by": "key:k1",
        **changes,
    }
    return TicketOpenedV1(**known)


async def ticket_open(desk: Any, **changes: Any) -> UUID:
    ticket = uuid4()
    await desk.tell(ticket, opened(desk, ticket, **changes))
    return ticket


def reply(desk: Any, ticket: UUID, **changes: Any) -> ReplyQueuedV1:
    known: dict[str, Any] = {
        "at": desk.now,
        "ticket_id": ticket,
        "reply_id": uuid4(),
        "author_id": uuid4(),
        "author_name": "Mia Müller",
        "body_html": "<p>Yes, by road.</p>",
        "body_text": "Yes, by road.",
        "to_email": "ann@example.org",
        "to_name": "Ann",
        "undo_until": desk.now + timedelta(seconds=10),
        "status_before": "new",
        **changes,
    }
    return ReplyQueuedV1(**known)


def released(queued: ReplyQueuedV1) -> ReplyReleasedV1:
    return ReplyReleasedV1(at=queued.at, ticket_id=queued.ticket_id, reply_id=queued.reply_id)


async def agent(desk: Any, *, approve: bool = True) -> UUID:
    user = uuid4()
    await desk.tell(
        user, UserRegisteredV1(at=desk.now, user_id=user, email="mia@shop.test", name="Mia")
    )
    if approve:
        await let_in(desk, user)
    return user


async def let_in(desk: Any, user: UUID) -> None:
    await desk.tell(user, UserApprovedV1(at=desk.now, user_id=user, role="agent", teams=()))


async def test_a_new_ticket_is_acknowledged_once_with_the_way_back(desk: Any) -> None:
    ticket = uuid4()
    event, fact = opened(desk, ticket), uuid4()
    await desk.deliver(ticket, event, fact)
    await desk.deliver(ticket, event, fact)
    await desk.work_off()
    (mail,) = desk.mails()
    assert mail["Subject"] == "Is acetone shipped by air? (#17)"
    assert desk.ticket_of(mail["Reply-To"].addresses[0].addr_spec) == ticket
    assert mail["References"] == f"<ticket-{ticket}@shop.test>"
    assert mail["X-Deskstream-Correlation"] == "corr-1"
    assert await desk.facts() == ["queued", "sent"]


async def test_nobody_is_acknowledged_without_an_address(desk: Any) -> None:
    await ticket_open(desk, requester_email=None)
    assert await desk.ledger() == []


async def test_a_republished_fact_is_recorded_and_mails_nobody(desk: Any) -> None:
    ticket = uuid4()
    await desk.tell(ticket, opened(desk, ticket), republished=True)
    await desk.work_off()
    assert desk.mails() == []
    assert await desk.ledger() == ["muted"]
    assert [one.event.code for one in await desk.recorded() if one.version == 2] == ["muted"]


async def test_a_fact_older_than_48_hours_waits_for_a_person(desk: Any) -> None:
    ticket = uuid4()
    event = opened(desk, ticket)
    desk.clock.advance(hours=48, seconds=1)
    await desk.tell(ticket, event)
    await desk.work_off()
    assert desk.mails() == []
    assert await desk.ledger() == ["held"]
    assert [one.event.code for one in await desk.recorded() if one.version == 2] == ["too_old"]


async def test_the_assignee_is_told_but_not_of_his_own_taking(desk: Any) -> None:
    mia, ticket = await agent(desk), await ticket_open(desk, requester_email=None)
    assign = {"at": desk.now, "ticket_id": ticket, "assignee_id": mia}
    await desk.tell(ticket, TicketAssignedV1(**assign, assigned_by=f"user:{mia}"))
    assert await desk.ledger() == []
    await desk.tell(ticket, TicketAssignedV1(**assign, assigned_by=f"user:{uuid4()}"))
    await desk.work_off()
    (mail,) = desk.mails()
    assert mail["To"].addresses[0].addr_spec == "mia@shop.test"
    assert mail["Reply-To"] is None


@pytest.mark.parametrize("known", [True, False])
async def test_an_assignment_read_before_the_account_is_told_at_the_approval(
    desk: Any, known: bool
) -> None:
    ticket = await ticket_open(desk, requester_email=None)
    mia = await agent(desk, approve=False) if known else uuid4()
    assigned = TicketAssignedV1(
        at=desk.now, ticket_id=ticket, assignee_id=mia, assigned_by=f"user:{uuid4()}"
    )
    await desk.tell(ticket, assigned)
    assert await desk.ledger() == []
    if not known:
        await desk.tell(
            mia, UserRegisteredV1(at=desk.now, user_id=mia, email="mia@shop.test", name="Mia")
        )
    await let_in(desk, mia)
    await desk.work_off()
    (mail,) = desk.mails()
    assert "#17" in mail["Subject"]


async def test_a_reply_is_mailed_when_released_and_follows_the_acknowledgement(desk: Any) -> None:
    ticket = await ticket_open(desk)
    await desk.work_off()
    content = b"%PDF-1.7 safety data sheet" * 1000
    queued = reply(
        desk,
        ticket,
        cc_emails=("ANN@example.org", "bob@example.org"),
        files=(await stored_file(desk, content),),
    )
    await desk.tell(ticket, queued)
    await desk.work_off()
    assert len(desk.mails()) == 1
    await desk.tell(ticket, released(queued))
    await desk.work_off()
    acknowledgement, mail = desk.mails()
    assert str(mail["From"]) == "Mia Müller <support@shop.test>"
    assert mail["In-Reply-To"] == acknowledgement["Message-ID"]
    assert desk.server.accepted[1].recipients == ("ann@example.org", "bob@example.org")
    (part,) = mail.iter_attachments()
    assert part.get_content() == content
    assert part.get_filename() == "Datenblatt Säure.pdf"
    sent = (await desk.recorded())[-1].event
    assert (sent.kind, sent.reply_id, sent.ticket_id) == ("reply", queued.reply_id, ticket)
    assert f"<{sent.mail_id}>" == mail["Message-ID"]
    assert await desk.rows("select 1 from letter union all select 1 from pending_reply") == []


async def stored_file(desk: Any, content: bytes) -> MailedFile:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    stored = await desk.bucket().put_stream(chunks(), limit=10**8)
    return MailedFile(
        attachment_id=uuid4(),
        key=stored.key,
        sha256=stored.sha256,
        size=stored.size,
        media_type="application/pdf",
        file_name="Datenblatt Säure.pdf",
    )


async def test_a_reply_whose_file_was_changed_fails_and_says_so(desk: Any) -> None:
    ticket = await ticket_open(desk, requester_email=None)
    file = await stored_file(desk, b"%PDF")
    wrong = file.model_copy(update={"sha256": hashlib.sha256(b"other").hexdigest()})
    queued = reply(desk, ticket, files=(wrong,))
    await desk.tell(ticket, queued, released(queued))
    await desk.work_off()
    assert desk.mails() == []
    assert (await desk.recorded())[-1].event.code == "attachment_changed"


async def test_a_cancelled_reply_is_never_mailed(desk: Any) -> None:
    ticket = await ticket_open(desk, requester_email=None)
    queued = reply(desk, ticket)
    cancelled = ReplyCancelledV1(
        at=desk.now, ticket_id=ticket, reply_id=queued.reply_id, cancelled_by="user:x"
    )
    await desk.tell(ticket, queued, cancelled)
    assert await desk.rows("select 1 from pending_reply") == []
    with pytest.raises(Permanent) as refused:
        await desk.tell(ticket, released(queued))
    assert refused.value.code == "reply_unknown"
    assert await desk.ledger() == []


async def test_the_replica_of_a_ticket_follows_its_team_and_copied_people(desk: Any) -> None:
    ticket = await ticket_open(desk, cc_emails=("bob@example.org",))
    team, at = uuid4(), desk.now
    await desk.tell(
        ticket,
        TicketTeamChangedV1(at=at, ticket_id=ticket, team_id=team, previous_id=uuid4()),
        ParticipantAddedV1(at=at, ticket_id=ticket, email="eve@example.org"),
        ParticipantAddedV1(at=at, ticket_id=ticket, email="hidden@example.org", kind="bcc"),
        ParticipantRemovedV1(at=at, ticket_id=ticket, email="Bob@example.org"),
    )
    (row,) = await desk.rows("select team_id::text, cc from ticket")
    assert (row["team_id"], row["cc"]) == (str(team), ["eve@example.org"])


async def test_a_fact_about_an_unknown_ticket_is_refused_at_once(desk: Any) -> None:
    ticket = uuid4()
    moved = TicketTeamChangedV1(at=desk.now, ticket_id=ticket, team_id=uuid4(), previous_id=uuid4())
    with pytest.raises(Permanent):
        await desk.tell(ticket, moved)
