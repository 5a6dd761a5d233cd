"""Fault 21: the mail server takes a mail and then falls silent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from drills.mailing import ANSWER_SECONDS, Post, posting
from drills.record import Drill
from drills.until import until

from deskstream_tools.testing import Fresh
from notifier.application.mail import Mail
from notifier.domain.delivery import Accepted
from notifier.infra.mail.pool import MailServer
from notifier.infra.mail.smtp import SmtpSender


@pytest.fixture
async def post(postgres_dsn: Fresh, kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[Post]:
    async with posting(postgres_dsn(), kafka_bootstrap, tmp_path) as made:
        yield made


async def settled(post: Post, *statuses: str) -> None:
    """Wait until the planned mails have come to this."""

    async def there() -> bool:
        return await post.statuses() == sorted(statuses)

    await until(there, f"mails to be {statuses}")


@pytest.mark.fault(21)
@pytest.mark.smoke
async def test_a_mail_of_unknown_outcome_waits_for_a_person(drill: Drill, post: Post) -> None:
    await post.faults(hang_after_data=1, drop_after_data=1)
    addresses = await post.open_tickets(4)
    await settled(post, "held", "held", "sent", "sent")
    happened = await post.happened()
    drill.saw(happened["hung"] == happened["dropped"] == 1, "one mail hung, one cut, after DATA")
    later = await post.open_tickets(1)
    await settled(post, "held", "held", "sent", "sent", "sent")
    mails = await post.mails()
    drill.kept(
        set(mails) == {*addresses, *later} and all(len(ids) == 1 for ids in mails.values()),
        "each mail accepted once; two are held; those after them go out",
    )
    held = await post.run("ops", "effects", "--status", "held")
    first, second = (effect["key"] for effect in held["items"])
    await asyncio.gather(
        post.run("ops", "resolve", first, "happened", "--actor", "user:drill"),
        post.run("ops", "resolve", second, "again", "--actor", "user:drill"),
    )
    await settled(post, *["sent"] * 5)
    after = await post.mails()
    twice = [ids for ids in after.values() if len(ids) == 2]
    drill.kept(
        len(twice) == 1 and len(set(twice[0])) == 1,
        "`happened` sends nothing, `again` sends once more, under the same Message-ID",
    )


@pytest.mark.fault(21)
async def test_repeating_after_silence_mails_twice(drill: Drill, post: Post) -> None:
    await post.faults(hang_after_data=1)
    sender = SmtpSender(
        MailServer("127.0.0.1", post.smtp, "desk.test", answer_seconds=ANSWER_SECONDS)
    )
    head = b"Message-ID: <one@desk.test>\r\nSubject: s\r\n\r\nHello\r\n"
    mail = Mail("<one@desk.test>", "support@desk.test", ("naive@customers.test",), head)
    tries = 1
    while not isinstance(await sender.send(mail, tries=tries), Accepted):
        tries += 1
    await sender.close()
    mails = await post.mails()
    drill.saw((await post.happened())["hung"] == 1, "silence after DATA")
    drill.bit(len(mails["naive@customers.test"]) == 2, "a sender that repeats mails twice")
    await post.faults(hang_after_data=1)
    (address,) = await post.open_tickets(1)
    await settled(post, "held")
    drill.kept(len((await post.mails())[address]) == 1, "ours: one mail, held")
