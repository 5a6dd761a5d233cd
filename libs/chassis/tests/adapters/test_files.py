"""The bucket: written once, counted and hashed on the way, read in ranges, verified."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deskstream_chassis.files import (
    Bucket,
    FileChanged,
    FileExists,
    FileMissing,
    FileTooLarge,
)


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket.at(f"file://{tmp_path}/files", "ticketing")


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def content(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def test_a_stream_is_stored_with_its_size_and_hash(bucket: Bucket) -> None:
    body = b"x" * 3_000_000 + b"end"
    stored = await bucket.put_stream(stream(body[:5], body[5:]), limit=len(body))
    assert stored.key.startswith("ticketing/main/")
    assert (stored.size, stored.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert await content(await bucket.open(stored.key)) == body
    assert await bucket.size(stored.key) == len(body)


async def test_a_stream_over_the_limit_is_dropped_and_not_read_on(bucket: Bucket) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 10

    with pytest.raises(FileTooLarge):
        await bucket.put_stream(endless(), limit=25)
    assert (read, await bucket.keys()) == (3, [])


async def test_a_stream_that_breaks_off_leaves_nothing(bucket: Bucket) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await bucket.put_stream(broken(), limit=100)
    assert await bucket.keys() == []


async def test_a_key_is_written_once_even_by_two_at_once(bucket: Bucket) -> None:
    key = bucket.new_key()
    results = await asyncio.gather(
        *(bucket.put_stream(stream(str(n).encode()), limit=9, key=key) for n in range(8)),
        return_exceptions=True,
    )
    won = [result for result in results if not isinstance(result, BaseException)]
    assert len(won) == 1
    assert all(isinstance(r, FileExists) for r in results if r is not won[0])
    assert await bucket.read_verified(key, won[0].sha256, 9)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (0, 4, b"0123"),
        (2, 5, b"234"),
        (9, 10, b"9"),
    ],
)
async def test_a_range_is_read(
    bucket: Bucket, start: int, end: int | None, expected: bytes
) -> None:
    stored = await bucket.put_stream(stream(b"0123456789"), limit=10)
    assert await content(await bucket.open(stored.key, start, end)) == expected


async def test_a_verified_read_refuses_other_bytes(bucket: Bucket, tmp_path: Path) -> None:
    stored = await bucket.put_stream(stream(b"right"), limit=10)
    assert await bucket.read_verified(stored.key, stored.sha256, 10) == b"right"
    with pytest.raises(FileTooLarge):
        await bucket.read_verified(stored.key, stored.sha256, 4)
    await asyncio.to_thread((tmp_path / "files" / stored.key).write_bytes, b"wrong")
    with pytest.raises(FileChanged):
        await bucket.read_verified(stored.key, stored.sha256, 10)


async def test_others_files_are_read_and_never_written(bucket: Bucket, tmp_path: Path) -> None:
    other = Bucket.at(f"file://{tmp_path}/files", "notifier")
    stored = await other.put_stream(stream(b"theirs"), limit=10)
    assert await content(await bucket.open(stored.key)) == b"theirs"
    with pytest.raises(ValueError, match="prefix"):
        await bucket.put_stream(stream(b"x"), limit=1, key=stored.key)
    with pytest.raises(ValueError, match="prefix"):
        await bucket.delete(stored.key)
    assert await bucket.keys() == []


@pytest.mark.parametrize(
    "key",
    ["", "ticketing/main/../../etc/passwd", "/etc/passwd", "ticketing/main/x", "../x",
     "ticketing/main/" + "0" * 36 + "/x"],
)  # fmt: skip
async def test_a_key_that_is_none_is_missing_and_cannot_be_written(
    bucket: Bucket, key: str
) -> None:
    with pytest.raises(FileMissing):
        await bucket.open(key)
    with pytest.raises(FileMissing):
        await bucket.size(key)
    if key:
        with pytest.raises(ValueError, match="prefix"):
            await bucket.put_stream(stream(b"x"), limit=1, key=key)


async def test_an_absent_object_is_missing_and_may_be_deleted(bucket: Bucket) -> None:
    key = bucket.new_key()
    for ask in (bucket.open(key), bucket.size(key), bucket.read_verified(key, "", 1)):
        with pytest.raises(FileMissing):
            await ask
    await bucket.delete(key)
    stored = await bucket.put_stream(stream(b"x"), limit=1, key=key)
    assert await bucket.keys() == [stored.key]
    await bucket.delete(key)
    assert await bucket.keys() == []
