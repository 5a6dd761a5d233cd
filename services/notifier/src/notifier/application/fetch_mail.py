"""Fetch mails from a mailbox elsewhere: each is received as if it had been handed over."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from deskstream_chassis.logs import log, where
from deskstream_eventstore import Database, Work
from notifier.application.inbound import Delivered
from notifier.application.receive_mail import INBOUND, ReceiveMail

MOST_FAILURES = 3
"""Mails of one round that may fail: after so many it is not the mails."""


@dataclass(frozen=True)
class Place:
    """How far a mailbox was read: UIDs grow while its UIDVALIDITY stays (RFC 3501 §2.3.1.1)."""

    uid_validity: int
    uid: int


@dataclass(frozen=True)
class Fetched:
    """A mail and its place; `raw` is None for one that is too large to be taken."""

    place: Place
    raw: bytes | None


class Postbox(Protocol):
    """A mailbox elsewhere, which is read and never changed."""

    @property
    def name(self) -> str:
        """By which its place is kept."""
        ...

    def after(self, place: Place | None) -> AsyncGenerator[Fetched]:
        """Mails behind a place, in order; all of them where the place means nothing any more.
        Raises what network and server do."""
        ...


class Places(Protocol):
    """How far mailboxes were read."""

    async def get(self, work: Work, name: str) -> Place | None:
        """None: never."""
        ...

    async def put(self, work: Work, name: str, place: Place) -> None:
        """It was read so far; within one UIDVALIDITY never back."""
        ...


class FetchMail:
    """The place moves on behind a mail that is stored, and stays before one that could not be:
    whatever happens in between, a mail comes once more and is known by its id."""

    def __init__(
        self,
        database: Database,
        postbox: Postbox,
        places: Places,
        receive: ReceiveMail,
        mailbox: str,
    ) -> None:
        self._database = database
        self._postbox = postbox
        self._places = places
        self._receive = receive
        self._mailbox = mailbox

    async def __call__(self, enough: Callable[[], bool] = lambda: False) -> int:
        """One round; how many mails were stored. Raises what postbox and database do, and the last
        error of a mail if any failed."""
        async with self._database.reading() as work:
            place = await self._places.get(work, self._postbox.name)
        stored = 0
        failed: list[Exception] = []
        async with aclosing(self._postbox.after(place)) as mails:
            async for mail in mails:
                error = await self._take(mail)
                if error is not None:
                    failed.append(error)
                else:
                    stored += 1
                if not failed:
                    async with self._database.work() as work:
                        await self._places.put(work, self._postbox.name, mail.place)
                if enough() or len(failed) == MOST_FAILURES:
                    break
        if failed:
            raise failed[-1]
        return stored

    async def _take(self, mail: Fetched) -> Exception | None:
        if mail.raw is None:
            log.error("mail too large, left in its mailbox", uid=mail.place.uid)
            INBOUND.labels("too_large").inc()
            return None
        delivered = Delivered(
            mailbox=self._mailbox, way="imap", return_path=None, recipients=(), raw=mail.raw
        )
        try:
            await self._receive(delivered)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others behind it shall come
            log.error("mail not stored", error_code=type(error).__name__, where=where(error))
            return error
        return None
