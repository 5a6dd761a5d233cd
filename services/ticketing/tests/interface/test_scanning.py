"""Files where a scanner is configured: clean ones pass, others are not given out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.files import Bucket
from deskstream_chassis.plus_token import PlusTokens
from deskstream_events import topics
from deskstream_events.notifier.inbound import InboundFile, InboundReceivedV1
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.application.scan_files import LEASE
from ticketing.bootstrap import build_app, consumers_of
from ticketing.domain.file_errors import FileQuarantined
from ticketing.infra.db.quarantine import PostgresQuarantine
from ticketing.infra.files import BucketFiles
from ticketing.infra.mailroom import Mailboxes
from ticketing.infra.scanner import Clamd
from ticketing.testing import START, Api, FakeClamd, Staff, actor_of, fact_of

TOKENS = PlusTokens(b"p" * 32)
UNDO = timedelta(seconds=10)


@pytest.fixture
async def clamd() -> AsyncIterator[FakeClamd]:
    fake = FakeClamd()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def app(database: Database, bucket: Bucket, clock: FixedClock, clamd: FakeClamd) -> TicketingApp:
    files, mailroom = BucketFiles(bucket), Mailboxes(TOKENS, {})
    return build_app(database, files, clock, UNDO, mailroom, scanner=Clamd(clamd.address))


async def download(api: Api, staff: Staff, file: dict[str, Any]) -> tuple[int, Any]:
    answer = await api(staff.agent, "GET", f"/api/attachments/{file['id']}/download")
    body = answer.json() if answer.status_code >= 400 else {}
    return answer.status_code, body.get("state")


async def test_a_clean_file_is_taken_at_once(api: Api, staff: Staff, clamd: FakeClamd):
    file = (await api.upload(staff.agent, await api.open(staff.agent))).json()
    assert clamd.scanned == [5]
    assert await download(api, staff, file) == (200, None)


async def test_an_infected_file_is_refused_and_nothing_is_kept(
    api: Api, staff: Staff, bucket: Bucket
):
    ticket = await api.open(staff.agent)
    answer = await api.upload(staff.agent, ticket, b"an EICAR file")
    assert (answer.status_code, answer.json()["code"]) == (422, "file_infected")
    assert await bucket.keys() == []
    assert (await api.show(staff.agent, ticket))["attachments"] == []


async def test_without_an_answer_a_file_waits_and_is_scanned_later(
    api: Api, app: TicketingApp, staff: Staff, clamd: FakeClamd, clock: FixedClock
):
    await clamd.stop()
    ticket = await api.open(staff.agent)
    file = (await api.upload(staff.agent, ticket)).json()
    assert await download(api, staff, file) == (423, "waiting")
    refused = await api.reply(staff.agent, ticket, attachments=[file["id"]])
    assert (refused.status_code, refused.json()["code"]) == (423, "file_quarantined")
    assert await app.rescan_files()
    assert not await app.rescan_files(), "it is tried again later, not at once"
    await clamd.start()
    clock.advance(seconds=30)
    assert await app.rescan_files()
    assert await download(api, staff, file) == (200, None)
    assert (await api.reply(staff.agent, ticket, attachments=[file["id"]])).status_code == 202
    clock.advance(hours=1)
    assert not await app.rescan_files()


async def mailed(
    app: TicketingApp, database: Database, clock: FixedClock, tmp_path: Path, content: bytes
) -> None:
    """A mail with a file that lies in the notifier's place."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    theirs = Bucket.at(f"file://{tmp_path}/bucket", "notifier")
    stored = await theirs.put_stream(chunks(), limit=1000)
    where = {"key": stored.key, "sha256": stored.sha256, "size": stored.size}
    file = InboundFile(media_type="x/y", file_name="a.txt", head=content.hex(), **where)
    event = InboundReceivedV1(
        inbound_id=uuid4(),
        at=clock.now(),
        mailbox="support@shop.test",
        way="smtp",
        from_email="cora@customer.test",
        subject="A drum leaks",
        body_html="",
        body_text="It leaks",
        raw_key="notifier/main/x",
        raw_sha256="0" * 64,
        raw_size=10,
        files=(file, file.model_copy(update={"file_name": "a.exe", "key": "notifier/main/y"})),
    )
    handlers = next(c for c in consumers_of(app) if c.name == "ticketing.mail").handlers
    async with database.work() as work:
        await handlers[event.TYPE](work, fact_of(event, topics.INBOUND))


@pytest.mark.parametrize(
    ("content", "after"), [(b"hello", (200, None)), (b"EICAR", (423, "infected"))]
)
async def test_a_file_of_a_mail_waits_for_the_worker(
    api: Api,
    app: TicketingApp,
    staff: Staff,
    database: Database,
    clock: FixedClock,
    tmp_path: Path,
    content: bytes,
    after: tuple[int, str | None],
):
    await mailed(app, database, clock, tmp_path, content)
    (ticket,) = (await api(staff.agent, "GET", "/api/tickets")).json()["items"]
    (file,) = (await api.show(staff.agent, ticket))["attachments"]
    assert await download(api, staff, file) == (423, "waiting")
    assert await app.rescan_files()
    assert not await app.rescan_files(), "what was refused is not scanned"
    assert await download(api, staff, file) == after


async def test_a_file_is_tried_again_where_a_process_died_over_it(
    api: Api,
    app: TicketingApp,
    staff: Staff,
    clamd: FakeClamd,
    clock: FixedClock,
    database: Database,
):
    await clamd.stop()
    file = (await api.upload(staff.agent, await api.open(staff.agent))).json()
    await clamd.start()
    async with database.work() as work:
        assert await PostgresQuarantine().lease(work, clock.now(), clock.now() + LEASE)
    assert not await app.rescan_files()
    clock.advance(minutes=3)
    assert await app.rescan_files()
    assert await download(api, staff, file) == (200, None)


async def test_files_that_wait_are_free_where_no_scanner_is_configured_any_more(
    api: Api, app: TicketingApp, staff: Staff, clamd: FakeClamd, database: Database, bucket: Bucket
):
    await clamd.stop()
    file = (await api.upload(staff.agent, await api.open(staff.agent))).json()
    without = build_app(
        database, BucketFiles(bucket), FixedClock(START), UNDO, Mailboxes(TOKENS, {})
    )
    actor = actor_of(staff.agent)
    assert (await without.download_file.find(UUID(file["id"]), actor)).size == 5
    with pytest.raises(FileQuarantined):
        await app.download_file.find(UUID(file["id"]), actor)
