"""What becomes of a planned mail, with a mail server's troubles."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from deskstream_events.ticketing.reply import ReplyQueuedV1, ReplyReleasedV1
from deskstream_events.ticketing.ticket import TicketOpenedV1
from deskstream_eventstore import rebuild, resolve_effect
from notifier.infra.db.message_view import MessageView
from notifier.infra.db.screen import DbScreen

ANN, BOB = "ann@example.org", "bob@example.org"
SECRET = "our-very-own-words"


async def ticket_open(desk: Any, email: str | None = ANN) -> UUID:
    ticket = uuid4()
    event = TicketOpenedV1(
        at=desk.now,
        ticket_id=ticket,
        number=17,
        channel="api",
        subject=SECRET,
        message_id=uuid4(),
        body_html="<p>x</p>",
        body_text="x",
        requester_email=email,
        team_id=uuid4(),
        opened_by="key:k1",
    )
    await desk.tell(ticket, event)
    return ticket


async def reply_released(desk: Any, *cc: str) -> UUID:
    ticket = await ticket_open(desk, None)
    queued = ReplyQueuedV1(
        at=desk.now,
        ticket_id=ticket,
        reply_id=uuid4(),
        author_id=uuid4(),
        author_name="Mia",
        body_html=f"<p>{SECRET}</p>",
        body_text=SECRET,
        to_email=ANN,
        cc_emails=cc,
        undo_until=desk.now + timedelta(seconds=10),
        status_before="new",
    )
    released = ReplyReleasedV1(at=desk.now, ticket_id=ticket, reply_id=queued.reply_id)
    await desk.tell(ticket, queued, released)
    return queued.reply_id


async def last_event(desk: Any) -> Any:
    return (await desk.recorded())[-1].event


async def test_a_permanent_refusal_fails_the_reply_with_its_code(desk: Any) -> None:
    desk.server.refuse[ANN] = 550
    reply = await reply_released(desk)
    await desk.work_off()
    event = await last_event(desk)
    assert (event.TYPE, event.code, event.reply_id) == (
        "notifier.message.failed.v1",
        "smtp_550",
        reply,
    )
    assert await desk.rows("select 1 from letter") == []


async def test_a_refused_copy_is_named_and_the_reply_is_sent(desk: Any) -> None:
    desk.server.refuse[BOB] = 550
    await reply_released(desk, BOB, "eve@example.org")
    await desk.work_off()
    event = await last_event(desk)
    assert (event.TYPE, event.refused) == ("notifier.message.sent.v1", (BOB,))


async def test_a_server_that_is_away_delays_the_mail_and_nothing_is_recorded(desk: Any) -> None:
    desk.server.down = True
    await reply_released(desk)

    async def tried() -> bool:
        rows = await desk.rows("select status, attempts, code from side_effect")
        return bool(rows[0]["attempts"] >= 1 and rows[0]["status"] == "pending")

    await desk.until(tried)
    assert await desk.facts() == ["queued"]
    assert (await desk.rows("select code from side_effect"))[0]["code"] == "smtp_unreachable"
    desk.server.down = False
    await desk.work_off()
    event = await last_event(desk)
    assert (event.TYPE, event.attempts) == ("notifier.message.sent.v1", 2)


async def test_silence_after_the_content_holds_the_reply_with_its_letter(desk: Any) -> None:
    desk.server.silent_after_data = True
    await reply_released(desk)
    await desk.work_off()
    event = await last_event(desk)
    assert (event.TYPE, event.code) == ("notifier.message.held.v1", "unknown_outcome")
    assert len(await desk.rows("select 1 from letter")) == 1
    assert await desk.ledger() == ["held"]


async def held_reply(desk: Any) -> str:
    desk.server.silent_after_data = True
    await reply_released(desk)
    await desk.work_off()
    desk.server.silent_after_data = False
    (row,) = await desk.rows("select key from side_effect")
    return str(row["key"])


async def test_a_person_who_knows_that_it_arrived_makes_it_sent(desk: Any) -> None:
    key = await held_reply(desk)
    await resolve_effect(
        desk.database,
        key,
        "happened",
        actor="user:boss",
        reason="the customer answered it",
        settle=desk.app.settle_mail,
    )
    await desk.work_off()
    event = await last_event(desk)
    assert (event.TYPE, event.confirmed_by_staff) == ("notifier.message.sent.v1", True)
    assert desk.server.accepted == []
    assert await desk.rows("select 1 from letter") == []


async def test_a_person_who_wants_it_again_has_the_same_mail_sent(desk: Any) -> None:
    key = await held_reply(desk)
    await resolve_effect(desk.database, key, "again", actor="user:boss", reason="it did not arrive")
    await desk.work_off()
    assert await desk.facts() == ["queued", "held", "sent"]
    event = await last_event(desk)
    assert (event.attempts, event.confirmed_by_staff) == (2, False)
    (mail,) = desk.mails()
    assert mail["Message-ID"] == f"<{event.mail_id}>"


async def test_a_mail_whose_sender_died_is_held_and_not_repeated(desk: Any) -> None:
    await reply_released(desk)
    async with desk.database.work() as work:
        await work.connection.execute(
            "update side_effect set status = 'sending', holder = 'dead', attempts = 1,"
            " taken_at = clock_timestamp(), next_try_at = clock_timestamp()"
        )
    await desk.work_off()
    event = await last_event(desk)
    assert (event.TYPE, event.code) == ("notifier.message.held.v1", "unknown_outcome")
    assert desk.server.accepted == []
    assert await desk.ledger() == ["held"]


async def test_the_view_rebuilt_equals_the_live_one_and_mails_nobody(desk: Any) -> None:
    desk.server.refuse["gone@example.org"] = 550
    await reply_released(desk)
    await ticket_open(desk)
    await ticket_open(desk, "gone@example.org")
    await desk.work_off()
    before = len(desk.server.accepted)
    report = await rebuild(desk.database, MessageView())
    assert report.equal
    assert report.events == 6
    await desk.work_off()
    assert len(desk.server.accepted) == before


async def test_a_suppressed_copy_is_left_out_and_named(desk: Any) -> None:
    async with desk.database.work() as work:
        await DbScreen(desk.database.subjects).suppress(work, BOB.upper(), "bounced", desk.now)
    desk.server.refuse["eve@example.org"] = 553
    await reply_released(desk, BOB, "eve@example.org", "joe@example.org")
    await desk.work_off()
    assert desk.server.accepted[0].recipients == (ANN, "eve@example.org", "joe@example.org")
    assert (await last_event(desk)).refused == (BOB, "eve@example.org")


async def test_nothing_goes_to_a_suppressed_address(desk: Any) -> None:
    async with desk.database.work() as work:
        await DbScreen(desk.database.subjects).suppress(work, ANN, "bounced", desk.now)
    await reply_released(desk)
    await desk.work_off()
    assert desk.server.accepted == []
    assert (await last_event(desk)).source == "suppression"


async def test_automatic_mail_is_capped_and_a_reply_is_not(desk: Any) -> None:
    for _ in range(12):
        await ticket_open(desk)
    await reply_released(desk)
    await desk.work_off()
    assert len(desk.server.accepted) == 11
    sources = [one.event.source for one in await desk.recorded() if "suppressed" in one.event.TYPE]
    assert sources == ["loop_cap_short"] * 2
    desk.clock.advance(minutes=10)
    await ticket_open(desk)
    await desk.work_off()
    assert len(desk.server.accepted) == 12


async def test_the_ledger_holds_no_word_and_no_address(desk: Any) -> None:
    await reply_released(desk, BOB)
    rows = [str(dict(row)) for row in await desk.rows("select * from side_effect")]
    await desk.work_off()
    rows += [str(dict(row)) for row in await desk.rows("select * from side_effect")]
    rows += [str(dict(row)) for row in await desk.rows("select * from message")]
    rows += [str(dict(row)) for row in await desk.rows("select * from automatic_mail")]
    text = "\n".join(rows)
    assert not any(word in text for word in (SECRET, ANN, BOB, "Mia"))


async def test_the_outcome_is_counted(desk: Any) -> None:
    def count(outcome: str) -> float:
        labels = {"channel": "mail", "outcome": outcome}
        return REGISTRY.get_sample_value("notifications_total", labels) or 0.0

    before = count("sent")
    await reply_released(desk)
    await desk.work_off()
    assert count("sent") == before + 1


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


async def test_the_trace_of_the_fact_goes_on_to_the_mail_server(
    desk: Any, spans: InMemorySpanExporter
) -> None:
    await reply_released(desk)
    await desk.work_off()
    (span,) = [one for one in spans.get_finished_spans() if one.name == "smtp send"]
    context = span.get_span_context()
    assert context is not None
    assert f"{context.trace_id:032x}" == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"
    recorded = await desk.recorded()
    assert {one.meta.correlation_id for one in recorded} == {"corr-1"}
    assert ANN not in str(span.attributes)


async def test_the_view_is_kept(desk: Any) -> None:
    reply = await reply_released(desk)
    await desk.work_off()
    (row,) = await desk.rows("select reply_id::text, status, attempts, kind from message")
    assert dict(row) == {"reply_id": str(reply), "status": "sent", "attempts": 1, "kind": "reply"}
