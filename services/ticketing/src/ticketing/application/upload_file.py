"""Take a file for a ticket: the object first, then row and event."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Database
from ticketing.application.open_files import OpenFiles
from ticketing.application.ports import Files, Incoming, Inspector, StoredObject, TicketRef
from ticketing.application.scan_files import ScanFiles, Verdict, Waiting
from ticketing.application.tickets import STREAM, Tickets
from ticketing.domain.errors import FileEmpty, FileTooLarge
from ticketing.domain.file_errors import FileInfected
from ticketing.domain.files import FILE_LIMIT, HEAD, FileKind, clean_name, kind_of
from ticketing.domain.notes import add_attachment
from ticketing.domain.ticket import Attachment


@dataclass(frozen=True)
class UploadFile:
    """One file, not read yet."""

    ticket: TicketRef
    incoming: Incoming


@dataclass(frozen=True)
class UploadedFile:
    """The file as kept."""

    id: UUID
    file_name: str
    size: int
    media_type: str
    sha256: str
    at: datetime


@dataclass(frozen=True)
class _Stored:
    ticket: TicketRef
    name: str
    kind: FileKind
    object: StoredObject
    verdict: Verdict


class UploadFileHandler:
    """Access is decided before the first byte is read, and again when the file becomes the
    ticket's. What a refused or repeated upload leaves in the bucket is swept."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        files: Files,
        inspect: Inspector,
        opened: OpenFiles,
        scans: ScanFiles,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._files = files
        self._inspect = inspect
        self._opened = opened
        self._scans = scans
        self._clock = clock

    async def __call__(self, command: UploadFile, caller: Caller) -> UploadedFile:
        """Raises AccessDenied and the FileRefused tree. The Idempotency-Key is bound to the
        content: repeated with the same file it gives the first answer."""
        async with self._database.reading() as work:
            await self._tickets.get(work, command.ticket, caller.actor, "modify")
        raw_name, chunks = await command.incoming.open()
        name = clean_name(raw_name)
        kind = kind_of(name)
        good = self._opened.passing(kind, checked(kind, chunks, self._inspect))
        stored = await self._files.put(good)
        verdict = await self._scans.scan(stored.key, stored.size)
        if verdict == "infected":
            await self._files.remove([stored.key])
            raise FileInfected("the scanner found something in it", field="file")
        return await caller.fingerprinted(stored.sha256).once(
            self._keep, _Stored(command.ticket, name, kind, stored, verdict), UploadedFile
        )

    async def _keep(self, stored: _Stored, caller: Caller) -> UploadedFile:
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, stored.ticket, caller.actor, "modify")
            await work.once()
            file = Attachment(
                id=new_id(),
                key=stored.object.key,
                sha256=stored.object.sha256,
                size=stored.object.size,
                media_type=stored.kind.media_type,
                file_name=stored.name,
                uploaded_by=caller.actor.ref,
                at=self._clock.now(),
            )
            events = add_attachment(loaded.ticket, file)
            work.append(STREAM, loaded.ticket.id, loaded.ticket.version, events)
            if stored.verdict == "waiting":
                await self._scans.hold(work, [Waiting(file.key, file.size)])
            return work.answer(
                UploadedFile(
                    file.id, file.file_name, file.size, file.media_type, file.sha256, file.at
                )
            )


async def checked(
    kind: FileKind, chunks: AsyncIterator[bytes], inspect: Inspector
) -> AsyncIterator[bytes]:
    """The same bytes; nothing passes before the first of them were judged. Raises FileMismatch,
    FileEmpty, and FileTooLarge as soon as there are too many."""
    head, size, judged = b"", 0, False
    async for chunk in chunks:
        size += len(chunk)
        if size > FILE_LIMIT:
            raise FileTooLarge(f"at most {FILE_LIMIT} bytes", field="file", limit=FILE_LIMIT)
        if judged:
            yield chunk
            continue
        head += chunk
        if len(head) >= HEAD:
            inspect(kind, head[:HEAD])
            judged = True
            yield head
    if size == 0:
        raise FileEmpty("the file is empty", field="file")
    if not judged:
        inspect(kind, head)
        yield head
