"""Mails and their files in the bucket, once each."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

from obstore.exceptions import BaseError

from deskstream_chassis.files import Bucket, FileExists
from notifier.application.inbound import Kept
from notifier.domain.errors import FilesUnreachable
from notifier.domain.inbound import object_id


class BucketAttic:
    """See ports. The key names the content, so what lies there already is the same."""

    def __init__(self, bucket: Bucket, prefix: str = "notifier/main/") -> None:
        self._bucket = bucket
        self._prefix = prefix

    async def keep(self, inbound_id: UUID, what: str, content: bytes) -> Kept:
        """See ports."""
        sha256 = (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
        key = f"{self._prefix}{object_id(inbound_id, what, sha256)}"
        try:
            await self._bucket.put_stream(_once(content), limit=len(content), key=key)
        except FileExists:
            pass
        except (BaseError, OSError):
            raise FilesUnreachable from None
        return Kept(key, sha256, len(content))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
