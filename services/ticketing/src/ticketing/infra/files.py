"""Ticketing's files in the bucket."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from obstore.exceptions import BaseError

from deskstream_chassis import files as chassis
from deskstream_chassis.files import Bucket
from ticketing.application.ports import StoredObject
from ticketing.domain.errors import FilesUnavailable, FileTooLarge
from ticketing.domain.files import FILE_LIMIT

BATCH = 500


class BucketFiles:
    """Files over the chassis' bucket; keys carry the machine's time of their making (UUIDv7)."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def put(self, chunks: AsyncIterator[bytes]) -> StoredObject:
        """Spooled, then written in one piece under a create-only key."""
        try:
            stored = await self._bucket.put_stream(chunks, limit=FILE_LIMIT)
        except chassis.FileTooLarge:
            raise FileTooLarge(f"at most {FILE_LIMIT} bytes", field="file") from None
        except (OSError, BaseError):
            raise FilesUnavailable("the file could not be stored; try again later") from None
        return StoredObject(stored.key, stored.size, stored.sha256)

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """In chunks. Raises FilesUnavailable before the first byte."""
        try:
            return await self._bucket.open(key, start, end)
        except (OSError, BaseError, chassis.FileMissing):
            raise FilesUnavailable("the file cannot be read now") from None

    async def remove(self, keys: Sequence[str]) -> None:
        """One by one; absent ones are no error."""
        for key in keys:
            await self._bucket.delete(key)

    async def abandoned(self, grace: timedelta, reach: timedelta) -> AsyncIterator[Sequence[str]]:
        """By the time in the key and the machine's clock: an advanced application clock must not
        make an upload that is under way look old."""
        now = datetime.now(UTC)
        old = [k for k in await self._bucket.keys() if grace < now - _made(k) < reach]
        for start in range(0, len(old), BATCH):
            yield old[start : start + BATCH]


def _made(key: str) -> datetime:
    return datetime.fromtimestamp((UUID(key.rsplit("/", 1)[-1]).int >> 80) / 1000, UTC)
