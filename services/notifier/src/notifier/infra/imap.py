"""A mailbox elsewhere, over IMAP. The library blocks: each step runs in a thread."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from imaplib import IMAP4
from typing import Any

from imap_tools import (
    BaseMailBox,
    ImapToolsError,
    MailBox,
    MailBoxUnencrypted,
    MailMessage,
)

from notifier.application.fetch_mail import Fetched, Place


@dataclass(frozen=True)
class ImapServer:
    """Where the mailbox is, and who reads it. Without `tls` everything goes in the clear."""

    host: str
    port: int
    user: str
    password: str
    folder: str = "INBOX"
    tls: bool = True
    answer_seconds: float = 20.0
    largest: int = 48 * 1024 * 1024

    @property
    def name(self) -> str:
        """Of the folder, among all there are."""
        return f"imap://{self.user}@{self.host}:{self.port}/{self.folder}"


class ImapPostbox:
    """See fetch_mail.Postbox. The folder is only examined: nothing is marked, nothing removed."""

    def __init__(self, server: ImapServer) -> None:
        self._server = server

    @property
    def name(self) -> str:
        """See ports."""
        return self._server.name

    async def after(self, place: Place | None) -> AsyncGenerator[Fetched]:
        """See ports. Raises OSError, IMAP4.error, ImapToolsError."""
        opened = await asyncio.to_thread(_open, self._server)
        try:
            validity = _validity(opened)
            known = place.uid if place is not None and place.uid_validity == validity else 0
            for uid in await asyncio.to_thread(_behind, opened, known):
                here = Place(validity, uid)
                found = await asyncio.to_thread(_fetch, opened, here, self._server.largest)
                if found is not None:
                    yield found
        finally:
            await asyncio.to_thread(_leave, opened)


class _Original(MailMessage):
    """The bytes as they came: reading them is another's part."""

    def __init__(self, fetch_data: list[Any]) -> None:
        self.raw, self._raw_uid_data, self._raw_flag_data = self._get_message_data_parts(fetch_data)


def _open(server: ImapServer) -> BaseMailBox:
    box: BaseMailBox
    if server.tls:
        context = ssl.create_default_context()
        box = MailBox(server.host, server.port, server.answer_seconds, ssl_context=context)
    else:
        box = MailBoxUnencrypted(server.host, server.port, server.answer_seconds)
    box.email_message_class = _Original
    try:
        plain = (server.user + server.password).isascii()
        sign_in = box.login if plain else box.login_utf8
        sign_in(server.user, server.password, initial_folder=None)
        box.folder.set(server.folder, readonly=True)
    except BaseException:
        _leave(box)
        raise
    return box


def _validity(box: BaseMailBox) -> int:
    _, answers = box.client.response("UIDVALIDITY")
    told = answers[-1] if answers else None
    if not isinstance(told, bytes) or not told.isdigit():
        raise IMAP4.error("no UIDVALIDITY")
    return int(told)


def _behind(box: BaseMailBox, uid: int) -> list[int]:
    """A server answers `n:*` with its last mail even if that one is before `n`."""
    found = box.uids(f"UID {uid + 1}:*", charset=None)
    return sorted(one for one in map(int, found) if one > uid)


def _fetch(box: BaseMailBox, place: Place, largest: int) -> Fetched | None:
    """None: it was removed meanwhile."""
    one = [str(place.uid)]
    for told in box.fetch(uid_list=one, mark_seen=False, headers_only=True):
        if told.size_rfc822 > largest:
            return Fetched(place, None)
    for mail in box.fetch(uid_list=one, mark_seen=False):
        assert isinstance(mail, _Original)
        return Fetched(place, mail.raw)
    return None


def _leave(box: BaseMailBox) -> None:
    with suppress(IMAP4.error, ImapToolsError, OSError):
        box.logout()
    with suppress(OSError):
        box.client.shutdown()
