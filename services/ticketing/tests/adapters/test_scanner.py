"""clamd's protocol: what counts as an answer, and what does not."""

import io
from collections.abc import AsyncIterator

import pytest

from ticketing.application.scan_files import ScannerDown
from ticketing.infra.scanner import Clamd
from ticketing.testing import FakeClamd


@pytest.fixture
async def clamd() -> AsyncIterator[FakeClamd]:
    fake = FakeClamd()
    await fake.start()
    yield fake
    await fake.stop()


async def test_clean_and_infected_files_are_told_apart_and_travel_whole(clamd: FakeClamd):
    scan = Clamd(clamd.address)
    assert await scan(io.BytesIO(b"x" * 1_000_000))
    assert not await scan(io.BytesIO(b"x" * 700_000 + b"EICAR"))
    assert clamd.scanned == [1_000_000, 700_005]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"INSTREAM size limit exceeded. ERROR\n",
        b"stream: Can't allocate memory ERROR\n",
        b"OK\n",
        b"\xff\xfe\n",
        b"other: OK\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_anything_but_a_clear_answer_is_none(clamd: FakeClamd, answer: bytes):
    clamd.answer = answer
    with pytest.raises(ScannerDown):
        await Clamd(clamd.address)(io.BytesIO(b"hello"))


async def test_nobody_there_is_no_answer(clamd: FakeClamd):
    await clamd.stop()
    with pytest.raises(ScannerDown):
        await Clamd(clamd.address)(io.BytesIO(b"hello"))
