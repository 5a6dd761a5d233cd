"""Fault 121: the receiver is killed at every point of a delivery."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib
import asyncpg
import pytest
from drills.acting import Actor, acting
from drills.record import Drill
from mails.corpus import SUPPORT, attachment

from deskstream_chassis.files import Bucket
from deskstream_chassis.migrations import migrate, migrations_folder
from deskstream_tools.testing import Fresh

POINTS = ("received", "raw_kept", "file_kept", "before_commit", "after_commit")
LOST = (aiosmtplib.SMTPException, OSError)


@dataclass(frozen=True)
class Exchanger:
    """The company's mail exchanger: it keeps a mail until a receiver has answered 250."""

    dsn: str
    bucket: str

    def receiver(self, *points: str, kind: str = "Ours") -> AbstractAsyncContextManager[Actor]:
        """A receiver process that stands still at these points."""
        return acting("receiving", dsn=self.dsn, bucket=self.bucket, points=points, kind=kind)

    async def hand_over(self, port: int, content: bytes) -> bool:
        """Whether it was answered 250."""
        try:
            async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=60) as client:
                await client.mail("kim@customer.test")
                await client.rcpt(SUPPORT)
                answer = await client.data(content)
        except LOST:
            return False
        return answer.code == 250

    async def stored(self, mail_id: str) -> list[asyncpg.Record]:
        """Events of a mail."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(
                await connection.fetch(
                    "select data->>'raw_key' as key, data->>'raw_sha256' as sha256,"
                    " data->'files'->0->>'key' as file from events where data->>'mail_id' = $1",
                    mail_id,
                )
            )
        finally:
            await connection.close()

    def objects(self) -> Bucket:
        """What lies in the bucket."""
        return Bucket.at(self.bucket, "notifier")


@pytest.fixture
def exchanger(postgres_dsn: Fresh, tmp_path: Path) -> Exchanger:
    """With a fresh store and bucket."""
    return Exchanger(postgres_dsn(migrated, name="notifier"), tmp_path.as_uri())


def migrated(dsn: str) -> None:
    """Bring a database to head."""
    migrate(dsn, migrations_folder("notifier"))


def mail(number: int) -> tuple[str, bytes]:
    """Message-ID and bytes of a mail with a file."""
    made = attachment('filename="drum.pdf"', "drum.pdf")(number)
    return f"{number}.corpus@customer.test", made.raw


@pytest.mark.fault(121)
@pytest.mark.smoke
async def test_after_250_a_mail_is_there_once_whenever_the_receiver_dies(
    drill: Drill, exchanger: Exchanger
) -> None:
    for number, point in enumerate(POINTS, 1):
        mail_id, content = mail(number)
        async with exchanger.receiver(point) as receiver:
            port = (await receiver.hears("up"))["port"]
            delivery = asyncio.create_task(exchanger.hand_over(port, content))
            await receiver.hears("at", point=point)
            assert await receiver.kill() == -9
            answered = await delivery
        there = len(await exchanger.stored(mail_id))
        drill.saw(not answered, f"killed at {point}: no 250, {there} stored")
        drill.kept(there == (point == "after_commit"), f"{point}: stored only by its commit")
        async with exchanger.receiver() as receiver:
            port = (await receiver.hears("up"))["port"]
            assert await exchanger.hand_over(port, content), "the exchanger repeats it"
            await receiver.kill()
        rows = await exchanger.stored(mail_id)
        drill.kept(len(rows) == 1, f"{point}: one after the repeat")
        original = await exchanger.objects().read_verified(rows[0]["key"], rows[0]["sha256"], 10**6)
        drill.kept(original == content, f"{point}: the original byte for byte")
    keys = await exchanger.objects().keys()
    drill.kept(len(keys) == 2 * len(POINTS), "an original and a file each, none twice")


@pytest.mark.fault(121)
async def test_a_receiver_that_answers_first_loses_the_mail(
    drill: Drill, exchanger: Exchanger
) -> None:
    mail_id, content = mail(1)
    async with exchanger.receiver("received", kind="Naive") as receiver:
        port = (await receiver.hears("up"))["port"]
        answered = await exchanger.hand_over(port, content)
        await receiver.hears("at", point="received")
        await receiver.kill()
    drill.saw(answered, "answered 250, then killed")
    drill.bit(not await exchanger.stored(mail_id), "the mail is nowhere, and nobody repeats it")
    async with exchanger.receiver() as receiver:
        port = (await receiver.hears("up"))["port"]
        assert await exchanger.hand_over(port, content)
        await receiver.kill()
    drill.kept(len(await exchanger.stored(mail_id)) == 1, "ours: after 250 it is there")
