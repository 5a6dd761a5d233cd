"""The bucket: what is kept, what is swept."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from deskstream_chassis.files import Bucket
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.domain.errors import FilesUnavailable, FileTooLarge
from ticketing.domain.files import FILE_LIMIT
from ticketing.infra.files import BucketFiles
from ticketing.testing import Api, Staff


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_a_stream_that_breaks_off_leaves_nothing(bucket: Bucket):
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise FileTooLarge("enough")

    with pytest.raises(FileTooLarge):
        await BucketFiles(bucket).put(broken())
    with pytest.raises(FileTooLarge):
        await BucketFiles(bucket).put(chunks(b"x" * (FILE_LIMIT + 1)))
    assert await bucket.keys() == []


async def test_a_part_is_read_and_what_is_gone_is_unavailable(bucket: Bucket):
    files = BucketFiles(bucket)
    stored = await files.put(chunks(b"hello ", b"world"))
    assert b"".join([c async for c in await files.read(stored.key, 6, 11)]) == b"world"
    await files.remove([stored.key])
    await files.remove([stored.key])
    with pytest.raises(FilesUnavailable):
        await files.read(stored.key, 0, 1)


async def test_a_sweep_removes_orphans_and_nothing_that_a_ticket_has(
    api: Api, app: TicketingApp, bucket: Bucket, database: Database, staff: Staff
):
    ticket = await api.open(staff.agent)
    kept = (await api.upload(staff.agent, ticket)).json()
    orphan = await BucketFiles(bucket).put(chunks(b"broke off"))
    assert await app.sweep_files() == 0, "both may still be under way"
    assert await app.sweep_files(timedelta(0)) == 1
    assert orphan.key not in await bucket.keys()
    down = await api(staff.agent, "GET", f"/api/attachments/{kept['id']}/download")
    assert down.content == b"hello"


async def test_a_file_that_is_lost_is_503_and_not_half_an_answer(
    api: Api, bucket: Bucket, staff: Staff
):
    ticket = await api.open(staff.agent)
    file = (await api.upload(staff.agent, ticket)).json()
    for key in await bucket.keys():
        await bucket.delete(key)
    answer = await api(staff.agent, "GET", f"/api/attachments/{file['id']}/download")
    assert (answer.status_code, answer.json()["code"]) == (503, "files_unavailable")
    assert answer.headers["retry-after"]
