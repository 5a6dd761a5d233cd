"""The bucket of files: a local folder or S3, the same calls for both.

Keys are `{service}/main/{uuid}`, made by `new_key`, never by a client. Content is written once and
never changed. Metadata (name, type, hash) lives in the service's tables and events: a local folder
keeps none, and presigned addresses are not used, so both stores behave alike.
"""

import hashlib
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, from_url

from deskstream_chassis.ids import new_id

_SPOOL = 1024 * 1024
_KEY = re.compile(r"[a-z][a-z-]*/main/[0-9a-f-]{36}")
CHUNK = 256 * 1024


class FileTooLarge(Exception):
    """The stream has more bytes than it may; nothing was stored."""


class FileExists(Exception):
    """The key is taken; what lies there was not touched."""


class FileMissing(LookupError):
    """No object under this key."""


class FileChanged(Exception):
    """The object's hash is not the one that the event names."""


@dataclass(frozen=True)
class Stored:
    """What was written."""

    key: str
    size: int
    sha256: str


class Bucket:
    """Reads every service's files, writes under its own service's prefix only."""

    def __init__(self, store: Any, service: str) -> None:
        self._store = store
        self._prefix = f"{service}/main/"

    @classmethod
    def at(cls, url: str, service: str) -> "Bucket":
        """`file:///folder` (made if absent) or `s3://bucket/prefix` (credentials: environment)."""
        parts = urlsplit(url)
        if parts.scheme == "file":
            Path(parts.path).mkdir(parents=True, exist_ok=True)
            return cls(LocalStore(prefix=parts.path), service)
        return cls(from_url(url), service)

    def new_key(self) -> str:
        """A key that nothing lies under."""
        return f"{self._prefix}{new_id()}"

    async def put_stream(
        self, chunks: AsyncIterator[bytes], *, limit: int, key: str | None = None
    ) -> Stored:
        """Store a stream under a new key (or `key`, which must be ours), once.

        The bytes are hashed and counted while they arrive and spooled to disk above 1 MiB. Raises
        FileTooLarge as soon as `limit` is passed, FileExists if the key is taken; then, and if the
        stream breaks off, nothing is stored.
        """
        key = key or self.new_key()
        self._own(key)
        digest, size = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise FileTooLarge(limit)
                digest.update(chunk)
                spool.write(chunk)
            spool.seek(0)
            try:
                await obstore.put_async(self._store, key, spool, mode="create", use_multipart=False)
            except AlreadyExistsError:
                raise FileExists(key) from None
        return Stored(key, size, digest.hexdigest())

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`, in chunks. Raises FileMissing."""
        _readable(key)
        options: Any = {}
        if end is not None:
            options["range"] = (start, end)
        elif start:
            options["range"] = {"offset": start}
        try:
            found = await obstore.get_async(self._store, key, options=options or None)
        except FileNotFoundError:
            raise FileMissing(key) from None
        return _chunks(found)

    async def read_verified(self, key: str, sha256: str, limit: int) -> bytes:
        """The whole content, at most `limit` bytes, if its hash is the given one.

        Raises FileMissing, FileTooLarge, FileChanged.
        """
        content = bytearray()
        async for chunk in await self.open(key):
            content += chunk
            if len(content) > limit:
                raise FileTooLarge(limit)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FileChanged(key)
        return bytes(content)

    async def size(self, key: str) -> int:
        """Bytes of an object. Raises FileMissing."""
        _readable(key)
        try:
            return int((await obstore.head_async(self._store, key))["size"])
        except FileNotFoundError:
            raise FileMissing(key) from None

    async def delete(self, key: str) -> None:
        """Remove one of our own objects; an absent one is no error."""
        self._own(key)
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return

    def _own(self, key: str) -> None:
        if not _KEY.fullmatch(key) or not key.startswith(self._prefix):
            raise ValueError("a service changes objects under its own prefix only")

    async def keys(self) -> list[str]:
        """Our own keys, for the sweep of orphans."""
        found: list[str] = []
        async for batch in obstore.list(self._store, prefix=self._prefix):
            found += [str(item["path"]) for item in batch]
        return sorted(found)


def _readable(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise FileMissing("not a key")


async def _chunks(found: Any) -> AsyncIterator[bytes]:
    async for chunk in found.stream(min_chunk_size=CHUNK):
        yield bytes(chunk)
