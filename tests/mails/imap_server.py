"""A mailbox on loopback that speaks as much IMAP (RFC 3501) as fetching mail takes."""

import asyncio
import re
import shlex
import ssl
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class ImapMailbox:
    """`mails` by UID. It notes every command but the password, and misbehaves on demand."""

    mails: dict[int, bytes] = field(default_factory=dict)
    uid_validity: int = 1
    user: str = "support@shop.test"
    password: str = "right"
    tls: ssl.SSLContext | None = None
    cut_after: int | None = None
    """The connection breaks instead of the answer that would show one mail more than so many."""
    silent: bool = False
    """It takes connections and says nothing."""
    commands: list[str] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _shown: int = 0

    def put(self, raw: bytes) -> int:
        """A mail more; its UID."""
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = raw
        return uid

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and cut the open ones."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.silent:
                await reader.read()
                return
            writer.write(b"* OK ready\r\n")
            with suppress(OSError):
                while line := await reader.readline():
                    tag, _, command = line.decode().strip().partition(" ")
                    self.commands.append(command.split(" ")[0] if "LOGIN" in command else command)
                    answer = self._answer(command)
                    if answer is None:
                        writer.transport.abort()
                        return
                    writer.write(answer.replace(b"TAG", tag.encode(), 1))
                    await writer.drain()
                    if command == "LOGOUT":
                        break
        finally:
            self._open.discard(writer)
            writer.close()

    def _answer(self, command: str) -> bytes | None:
        match command.split(" "):
            case ["CAPABILITY"]:
                return b"* CAPABILITY IMAP4REV1\r\nTAG OK done\r\n"
            case ["LOGIN", *_]:
                right = shlex.split(command)[1:] == [self.user, self.password]
                return b"TAG OK done\r\n" if right else b"TAG NO not you\r\n"
            case ["EXAMINE", _]:
                return (
                    f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.uid_validity}] UIDs\r\n"
                    "TAG OK [READ-ONLY] done\r\n"
                ).encode()
            case ["UID", "SEARCH", "UID", wanted]:
                return self._search(int(wanted.partition(":")[0]))
            case ["UID", "FETCH", uid, *parts]:
                return self._fetch(int(uid), " ".join(parts))
            case ["LOGOUT"]:
                return b"* BYE\r\nTAG OK done\r\n"
        return b"TAG BAD unknown\r\n"

    def _search(self, first: int) -> bytes:
        found = [uid for uid in self.mails if uid >= first] or list(self.mails)[-1:]
        return f"* SEARCH {' '.join(map(str, found))}\r\nTAG OK done\r\n".encode()

    def _fetch(self, uid: int, parts: str) -> bytes | None:
        raw = self.mails.get(uid)
        if raw is None:
            return b"TAG OK done\r\n"
        if "BODY.PEEK[]" in parts:
            if self.cut_after is not None and self._shown >= self.cut_after:
                return None
            self._shown += 1
        head = re.split(rb"(?<=\n)\r?\n", raw, maxsplit=1)[0]
        section, content = ("HEADER", head) if "[HEADER]" in parts else ("", raw)
        told = f"* 1 FETCH (UID {uid} RFC822.SIZE {len(raw)} BODY[{section}] {{{len(content)}}}\r\n"
        return told.encode() + content + b")\r\nTAG OK done\r\n"
