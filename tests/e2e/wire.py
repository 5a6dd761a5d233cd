"""Bytes as an attacker would write them, and what came back."""

import asyncio
import json
from contextlib import suppress
from urllib.parse import urlsplit

from e2e.people import own_address

from deskstream_tools.demo.target import Target


def head(target: Target, *lines: str, method: str = "GET", path: str = "/api/tickets") -> bytes:
    """The head of a request with a good Host, from an address that nobody else has."""
    first = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(target.gateway_url).netloc}"]
    whole = [*first, f"X-Forwarded-For: {own_address()}", *lines, "", ""]
    return "\r\n".join(whole).encode("latin-1")


async def say(target: Target, request: bytes, *, seconds: float = 2.0) -> bytes:
    """Everything that the gateway says to these bytes until it closes, or for some seconds."""
    port = urlsplit(target.gateway_url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(seconds):
            writer.write(request)
            await writer.drain()
            while chunk := await reader.read(65536):
                answer += chunk
    writer.close()
    return answer


def statuses(answer: bytes) -> list[int]:
    """The status of each answer on the wire, in order."""
    found = []
    while answer.startswith(b"HTTP/1.1 "):
        lines, _, rest = answer.partition(b"\r\n\r\n")
        found.append(int(lines.split(b" ", 2)[1]))
        fields = dict(line.lower().split(b":", 1) for line in lines.split(b"\r\n")[1:])
        answer = rest[int(fields.get(b"content-length", b"0")) :]
    return found


def code(answer: bytes) -> str | None:
    """The problem code of the first answer; None where the server itself refused."""
    lines, _, body = answer.partition(b"\r\n\r\n")
    if b"application/problem+json" not in lines:
        return None
    document, _ = json.JSONDecoder().raw_decode(body.decode())
    return str(document["code"])
