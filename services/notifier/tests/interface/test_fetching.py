"""Mail by IMAP: what is stored before the place moves on, and that nothing comes twice."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from imaplib import IMAP4
from pathlib import Path
from typing import Any

import pytest
from imap_tools.errors import MailboxLoginError
from mails.certificates import certificate
from mails.corpus import SUPPORT, head, raw
from mails.imap_server import ImapMailbox

from deskstream_events.notifier.inbound import InboundMail
from deskstream_eventstore import Work
from notifier.application.fetch_mail import FetchMail, Place
from notifier.application.inbound import Delivered
from notifier.bootstrap import fetching, receivers
from notifier.infra.db.places import DbPlaces
from notifier.infra.imap import ImapPostbox, ImapServer
from notifier.interface.polling import Poller


@pytest.fixture
async def box() -> AsyncIterator[ImapMailbox]:
    mailbox = ImapMailbox()
    await mailbox.start()
    yield mailbox
    await mailbox.stop()


def fetcher(desk: Any, box: ImapMailbox, receive: Any = None, **more: Any) -> FetchMail:
    server = ImapServer(
        "127.0.0.1", box.port, box.user, "right", **{"tls": False, "answer_seconds": 5.0} | more
    )
    take = receive or desk.app.receive_mail
    return FetchMail(desk.database, ImapPostbox(server), DbPlaces(), take, SUPPORT)


async def taken(desk: Any) -> list[InboundMail]:
    return [one.event for one in await desk.recorded() if isinstance(one.event, InboundMail)]


async def place(desk: Any) -> tuple[int, int] | None:
    found = await desk.rows("select uid_validity, uid from mailbox_place")
    return tuple(found[0]) if found else None


async def test_mails_are_taken_in_order_and_the_mailbox_stays_as_it_is(
    desk: Any, box: ImapMailbox
) -> None:
    mails = {box.put(raw(head(n), f"It leaks, {n}")): n for n in (1, 2, 3)}
    content = dict(box.mails)
    assert await fetcher(desk, box)() == 3
    events = await taken(desk)
    assert [(one.mail_id, one.way, one.mailbox) for one in events] == [
        (f"{n}.corpus@customer.test", "imap", SUPPORT) for n in mails.values()
    ]
    kept = await desk.bucket().read_verified(events[0].raw_key, events[0].raw_sha256, 10**6)
    assert kept == content[1]
    assert box.mails == content
    words = " ".join(box.commands)
    assert not any(word in words for word in ("STORE", "EXPUNGE", "DELETE", "SELECT", "BODY["))


async def test_a_second_round_takes_only_what_is_new(desk: Any, box: ImapMailbox) -> None:
    box.put(raw(head(1), "It leaks"))
    fetch = fetcher(desk, box)
    assert [await fetch(), await fetch()] == [1, 0]
    box.put(raw(head(2), "Still"))
    assert await fetch() == 1
    assert await place(desk) == (1, 2)
    assert sum("BODY.PEEK[]" in command for command in box.commands) == 2


async def test_a_mail_that_came_by_smtp_as_well_is_one(desk: Any, box: ImapMailbox) -> None:
    content = raw(head(1), "It leaks")
    by_smtp = Delivered(SUPPORT, "smtp", "kim@customer.test", (SUPPORT,), content)
    await desk.app.receive_mail(by_smtp)
    box.put(b"Delivered-To: support@shop.test\r\n" + content)
    await fetcher(desk, box)()
    (event,) = await taken(desk)
    assert event.way == "smtp"
    assert await place(desk) == (1, 1)


async def test_other_numbers_for_all_mails_double_none(desk: Any, box: ImapMailbox) -> None:
    for n in (1, 2):
        box.put(raw(head(n), f"It leaks, {n}"))
    await fetcher(desk, box)()
    box.mails = {5: box.mails[2], 9: box.mails[1], 11: raw(head(3), "Another")}
    box.uid_validity = 2
    await fetcher(desk, box)()
    assert len(await taken(desk)) == 3
    assert await place(desk) == (2, 11)


async def test_a_mailbox_found_empty_is_no_trouble(desk: Any, box: ImapMailbox) -> None:
    assert await fetcher(desk, box)() == 0
    assert await place(desk) is None


async def test_the_place_waits_for_the_event_and_others_pass_the_mail_that_fails(
    desk: Any, box: ImapMailbox
) -> None:
    for n in (1, 2, 3):
        box.put(raw(head(n), f"It leaks, {n}"))
    seen: list[tuple[int, int] | None] = []

    async def receive(delivered: Delivered) -> Any:
        seen.append(await place(desk))
        if b"<2.corpus" in delivered.raw:
            raise RuntimeError("kim@customer.test")
        return await desk.app.receive_mail(delivered)

    with pytest.raises(RuntimeError):
        await fetcher(desk, box, receive)()
    assert seen == [None, (1, 1), (1, 1)]
    assert len(await taken(desk)) == 2
    assert await place(desk) == (1, 1)
    await fetcher(desk, box)()
    assert len(await taken(desk)) == 3
    assert await place(desk) == (1, 3)


async def test_where_no_mail_can_be_stored_no_more_are_asked_for(
    desk: Any, box: ImapMailbox
) -> None:
    for n in range(9):
        box.put(raw(head(n), f"It leaks, {n}"))

    async def fails(_: Delivered) -> Any:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it has no words
        await fetcher(desk, box, fails)()
    assert sum("BODY.PEEK[]" in command for command in box.commands) == 3


async def test_a_connection_that_breaks_between_mails_loses_and_doubles_none(
    desk: Any, box: ImapMailbox
) -> None:
    for n in (1, 2, 3):
        box.put(raw(head(n), f"It leaks, {n}"))
    box.cut_after = 1
    with pytest.raises((IMAP4.abort, OSError)):
        await fetcher(desk, box)()
    assert await place(desk) == (1, 1)
    box.cut_after = None
    await fetcher(desk, box)()
    assert [one.mail_id for one in await taken(desk)] == [
        f"{n}.corpus@customer.test" for n in (1, 2, 3)
    ]


async def test_an_outage_is_waited_out_and_its_end_noticed(desk: Any, box: ImapMailbox) -> None:
    box.put(raw(head(1), "It leaks"))
    fetch = fetcher(desk, box)
    await box.stop()
    failures: list[str] = []
    stopping = asyncio.Event()

    async def watched(enough: Any) -> int:
        try:
            return await fetch(enough)
        except OSError as error:
            failures.append(type(error).__name__)
            await box.start()
            raise
        finally:
            if await taken(desk):
                stopping.set()

    async with asyncio.timeout(20):
        await Poller(watched, 0.01).run(stopping)
    assert failures == ["ConnectionRefusedError"]
    assert len(await taken(desk)) == 1


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    desk: Any, box: ImapMailbox
) -> None:
    box.silent = True
    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await fetcher(desk, box, answer_seconds=0.2)()


async def test_a_crash_before_the_place_was_kept_doubles_none(desk: Any, box: ImapMailbox) -> None:
    box.put(raw(head(1), "It leaks"))

    class Crashing(DbPlaces):
        async def put(self, work: Work, name: str, place: Place) -> None:
            raise ConnectionError

    postbox = ImapPostbox(ImapServer("127.0.0.1", box.port, box.user, "right", tls=False))
    crashing = FetchMail(desk.database, postbox, Crashing(), desk.app.receive_mail, SUPPORT)
    with pytest.raises(ConnectionError):
        await crashing()
    assert (len(await taken(desk)), await place(desk)) == (1, None)
    await fetcher(desk, box)()
    assert (len(await taken(desk)), await place(desk)) == (1, (1, 1))


async def test_a_mail_beyond_all_measure_is_left_and_those_behind_it_come(
    desk: Any, box: ImapMailbox
) -> None:
    box.put(raw(head(1), "x" * 20_000))
    box.put(raw(head(2), "It leaks"))
    await fetcher(desk, box, largest=10_000)()
    (event,) = await taken(desk)
    assert event.mail_id == "2.corpus@customer.test"
    assert await place(desk) == (1, 2)


async def test_two_that_fetch_at_the_same_moment_take_each_mail_once(
    desk: Any, box: ImapMailbox
) -> None:
    for n in range(5):
        box.put(raw(head(n), f"It leaks, {n}"))
    await asyncio.gather(fetcher(desk, box)(), fetcher(desk, box)())
    assert len(await taken(desk)) == 5
    assert await place(desk) == (1, 5)


async def test_the_certificate_is_checked_before_the_password_is_sent(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path)
    box = ImapMailbox(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    assert box.tls is not None
    box.tls.load_cert_chain(file)
    box.put(raw(head(1), "It leaks"))
    await box.start()
    with pytest.raises(ssl.SSLCertVerificationError):
        await fetcher(desk, box, tls=True)()
    assert "LOGIN" not in box.commands
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert await fetcher(desk, box, tls=True)() == 1
    await box.stop()


async def test_a_wrong_password_is_told_by_its_kind_alone(
    desk: Any, box: ImapMailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    box.password = "another"
    stopping = asyncio.Event()
    fetch = fetcher(desk, box)

    async def once(enough: Any) -> int:
        stopping.set()
        return await fetch(enough)

    await Poller(once, 0.01).run(stopping)
    said = "".join(capsys.readouterr())
    assert MailboxLoginError.__name__ in said
    assert not any(word in said for word in ("right", "not you", box.user))


async def test_the_settings_name_the_mailbox(desk: Any, box: ImapMailbox) -> None:
    box.put(raw(head(1), "It leaks"))
    assert fetching(desk.settings, desk.app, desk.database) is None
    named = desk.settings.model_copy(
        update={
            "imap_host": "127.0.0.1",
            "imap_port": box.port,
            "imap_user": box.user,
            "imap_password": type(desk.settings.subject_key)("right"),
            "imap_tls": False,
            "mailboxes": ("sales@shop.test",),
            "imap_mailbox": "sales@shop.test",
        }
    )
    (worker,) = receivers(named, desk.app, desk.database)
    assert worker.name == "mail-fetch"
    fetch = fetching(named, desk.app, desk.database)
    assert fetch is not None
    assert await fetch() == 1
    assert [one.mailbox for one in await taken(desk)] == ["sales@shop.test"]
