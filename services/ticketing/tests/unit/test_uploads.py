"""Uploads: parsed while they arrive, judged before they pass."""

import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from ticketing.application.upload_file import checked
from ticketing.domain.errors import FileEmpty, FileMalformed, FileMismatch, FileTooLarge
from ticketing.domain.files import FILE_LIMIT, kind_of
from ticketing.infra.inspect import inspect_file
from ticketing.interface.http.uploads import MultipartFile

TEXT = kind_of("a.txt")


async def stream(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def request(*chunks: bytes, boundary: str = "b") -> Request:
    """A request whose body arrives in these chunks."""
    left = list(chunks)

    async def receive():
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    kind = f"multipart/form-data; boundary={boundary}".encode()
    return Request({"type": "http", "headers": [(b"content-type", kind)]}, receive)


def form(content: bytes, name: bytes = b"a.txt") -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n' % name
    return head + b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n--b--\r\n"


@given(content=st.binary(max_size=400), cuts=st.lists(st.integers(0, 600), max_size=8))
async def test_the_file_is_the_same_however_its_body_is_cut(content: bytes, cuts: list[int]):
    body = form(content)
    places = sorted({0, len(body), *(c for c in cuts if c < len(body))})
    pieces = [body[a:b] for a, b in itertools.pairwise(places)]
    name, chunks = await MultipartFile(request(*pieces)).open()
    assert name == "a.txt"
    assert await collect(chunks) == content


async def test_the_name_is_known_before_the_content_has_come():
    body = form(b"x" * 1000)
    seen = []

    async def receive():
        seen.append(1)
        return {"type": "http.request", "body": body[:150], "more_body": True}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    incoming = MultipartFile(Request({"type": "http", "headers": headers}, receive))
    assert (await incoming.open())[0] == "a.txt"
    assert len(seen) == 1


async def test_a_name_in_utf_8_is_read():
    name, _ = await MultipartFile(request(form(b"x", "Süß.txt".encode()))).open()
    assert name == "Süß.txt"


async def test_a_header_without_end_is_refused():
    with pytest.raises(FileMalformed):
        await MultipartFile(request(b"--b\r\nX: " + b"y" * 5000)).open()


async def test_nothing_passes_before_the_head_was_judged():
    passed = []
    with pytest.raises(FileMismatch):
        async for chunk in checked(TEXT, stream(b"MZ\x00", b"more"), inspect_file):
            passed.append(chunk)  # noqa: PERF401 - what passed before the error counts
    assert passed == []


async def test_an_empty_and_a_too_large_file_are_refused():
    with pytest.raises(FileEmpty):
        await collect(checked(TEXT, stream(), inspect_file))
    half = b"x" * (FILE_LIMIT // 2)
    with pytest.raises(FileTooLarge):
        await collect(checked(TEXT, stream(half, half, b"xx"), inspect_file))
