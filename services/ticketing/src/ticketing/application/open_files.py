"""Files are opened before they are anybody's: archives, office files, pictures."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import BinaryIO, cast

from ticketing.application.ports import Files, Opener
from ticketing.domain.errors import FileRefused, FilesUnavailable
from ticketing.domain.files import FileKind, clean_name, kind_of
from ticketing.domain.mailed_files import MOST_FILES, MailedPart, refusal_of

SPOOL = 1024 * 1024


class OpenFiles:
    """By the same rules while they arrive and when a mail brought them."""

    def __init__(self, files: Files, open_file: Opener) -> None:
        self._files = files
        self._open = open_file

    async def passing(self, kind: FileKind, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same bytes; the end is reached only by a file that is good. Raises FileRefused."""
        if kind.holds is None:
            async for chunk in chunks:
                yield chunk
            return
        with tempfile.SpooledTemporaryFile(max_size=SPOOL) as spool:
            async for chunk in chunks:
                spool.write(chunk)
                yield chunk
            await asyncio.to_thread(self._open, kind, cast(BinaryIO, spool))

    async def mailed(self, parts: Sequence[MailedPart]) -> tuple[MailedPart, ...]:
        """The same parts, with why one cannot be taken. Raises FilesUnavailable where the bucket
        does not answer."""
        judged = [replace(part, refused=await self._refused(part)) for part in parts[:MOST_FILES]]
        return (*judged, *parts[MOST_FILES:])

    async def _refused(self, part: MailedPart) -> str | None:
        refused = refusal_of(part)
        if refused or part.original:
            return refused
        kind = kind_of(clean_name(part.file_name))
        if kind.holds is None:
            return None
        try:
            content = await self._files.read(part.key, 0, part.size)
            async for _ in self.passing(kind, content):
                pass
        except FilesUnavailable:
            raise
        except FileRefused as error:
            return error.code
        return None
