"""Only the bytes that were attached are mailed."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from obstore.store import S3Store

from deskstream_chassis.files import Bucket
from deskstream_tools.local.processes import free_port
from notifier.domain.errors import AttachmentChanged, AttachmentMissing, FilesUnreachable
from notifier.domain.letter import Attached
from notifier.infra.files import BucketFiles

CONTENT = b"%PDF-1.7 safety data sheet " * 40_000


async def attached(folder: Path) -> Attached:
    async def chunks() -> AsyncIterator[bytes]:
        yield CONTENT

    stored = await Bucket.at(folder.as_uri(), "ticketing").put_stream(chunks(), limit=10**9)
    return Attached(stored.key, stored.sha256, stored.size, "application/pdf", "sheet.pdf")


def files(folder: Path) -> BucketFiles:
    return BucketFiles(Bucket.at(folder.as_uri(), "notifier"))


async def test_a_file_of_ticketing_is_read_and_its_hash_agrees(tmp_path: Path) -> None:
    file = await attached(tmp_path)
    loaded = await files(tmp_path).load(file)
    assert hashlib.sha256(loaded.content).hexdigest() == file.sha256
    assert (loaded.file_name, loaded.media_type) == ("sheet.pdf", "application/pdf")


async def test_a_file_that_is_gone_is_missing(tmp_path: Path) -> None:
    file = await attached(tmp_path)
    (tmp_path / file.key).unlink()
    with pytest.raises(AttachmentMissing):
        await files(tmp_path).load(file)


async def test_a_file_with_other_bytes_is_never_mailed(tmp_path: Path) -> None:
    file = await attached(tmp_path)
    (tmp_path / file.key).write_bytes(CONTENT[::-1])
    with pytest.raises(AttachmentChanged):
        await files(tmp_path).load(file)
    with pytest.raises(AttachmentChanged):
        await files(tmp_path).load(replace(file, size=10))


async def test_a_bucket_that_does_not_answer_is_tried_again_later() -> None:
    store = S3Store(
        "files",
        endpoint=f"http://127.0.0.1:{free_port()}",
        region="none",
        access_key_id="x",
        secret_access_key="x",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
    )
    file = Attached(f"ticketing/main/{uuid4()}", "ab" * 32, 10, "application/pdf", "sheet.pdf")
    with pytest.raises(FilesUnreachable):
        await BucketFiles(Bucket(store, "notifier")).load(file)
