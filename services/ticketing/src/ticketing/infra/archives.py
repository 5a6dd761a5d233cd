"""Archives and office files are opened, entry by entry, without believing what they say of
themselves: every entry is unpacked and counted, nothing is kept."""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from ticketing.domain.errors import FileMismatch
from ticketing.domain.file_errors import ArchiveTooLarge, ArchiveUnreadable
from ticketing.domain.opening import ENTRIES, Budget, is_office, judge_entry, judge_entry_head

STEP = 64 * 1024
NESTED = b"PK\x03\x04"
_LOCAL = struct.Struct("<4s2xHH16xHH")
"""Signature, flags, method, lengths of name and extra field."""
_END = b"PK\x05\x06"
_END_SIZE = 22
_LONGEST_COMMENT = 0xFFFF
_DIRECTORY_ENTRY = 400
"""Bytes of the directory for one entry, generously."""
_ENCRYPTED = 0x1
_UTF_8 = 0x800


def open_archive(file: BinaryIO, marks: tuple[str, ...]) -> None:
    """Raises ArchiveTooLarge, ArchiveUnreadable, ActiveContent, and FileMismatch where no entry
    begins with one of the marks."""
    names = _walk(file, Budget(), 1)
    if not all(any(name.startswith(mark) for name in names) for mark in marks):
        raise FileMismatch("the content is not what the extension says", field="file")


def _walk(file: BinaryIO, budget: Budget, depth: int) -> list[str]:
    _judge_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, RuntimeError, ValueError, struct.error) as error:
        raise _unreadable("the archive is broken") from error
    budget.enter(depth, len(entries))
    names = [entry.filename for entry in entries]
    office = is_office(names)
    for entry in entries:
        judge_entry(entry.filename, office=office)
        _open_entry(file, entry, budget, depth)
    return names


def _open_entry(file: BinaryIO, entry: zipfile.ZipInfo, budget: Budget, depth: int) -> None:
    size, crc, head = 0, 0, b""
    with tempfile.SpooledTemporaryFile(max_size=1024 * 1024) as inner:
        for chunk in _unpacked(file, entry):
            size += len(chunk)
            budget.spend(len(chunk), size, entry.compress_size)
            crc = zlib.crc32(chunk, crc)
            head = head or chunk
            if head.startswith(NESTED):
                inner.write(chunk)
        if size != entry.file_size or crc != entry.CRC:
            raise _unreadable("an entry is not what the directory says")
        judge_entry_head(head)
        if head.startswith(NESTED):
            _walk(inner, budget, depth + 1)  # type: ignore[arg-type]


def _unpacked(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """By what the entry holds, not by the sizes it claims; the first chunk has its beginning."""
    file.seek(max(0, entry.header_offset))
    local = file.read(_LOCAL.size)
    if len(local) < _LOCAL.size or not local.startswith(NESTED):
        raise _unreadable("the archive is broken")
    _, flags, method, length, extra = _LOCAL.unpack(local)
    if (flags | entry.flag_bits) & _ENCRYPTED:
        raise _unreadable("encrypted archives cannot be looked into")
    if method != entry.compress_type or method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _unreadable("it is packed in a way that cannot be looked into")
    coding = "utf-8" if flags & _UTF_8 else "cp437"
    if file.read(length).decode(coding, "replace") != entry.orig_filename:
        raise _unreadable("an entry is not what the directory says")
    file.seek(extra, 1)
    packed = _packed(file, entry.compress_size)
    return packed if method == zipfile.ZIP_STORED else _inflated(packed)


def _packed(file: BinaryIO, left: int) -> Iterator[bytes]:
    while left and (chunk := file.read(min(STEP, left))):
        left -= len(chunk)
        yield chunk
    if left:
        raise _unreadable("the archive breaks off")


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for chunk in packed:
            rest = chunk
            while rest and not inflate.eof:
                if out := inflate.decompress(rest, STEP):
                    yield out
                rest = inflate.unconsumed_tail
        if out := inflate.flush():
            yield out
    except zlib.error as error:
        raise _unreadable("an entry is broken") from error
    if not inflate.eof or inflate.unused_data:
        raise _unreadable("an entry is broken")


def _judge_directory(file: BinaryIO) -> None:
    """Before it is read: a huge directory costs memory. What needs no 64-bit sizes has none."""
    size = file.seek(0, 2)
    tail_at = max(0, size - _END_SIZE - _LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    at = len(tail) - _END_SIZE
    if at < 0 or not (tail[at:].startswith(_END) and tail.endswith(b"\x00\x00")):
        at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise _unreadable("the archive is broken")
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    if entries > ENTRIES or directory > ENTRIES * _DIRECTORY_ENTRY:
        raise ArchiveTooLarge(
            "what it holds is more than is taken", field="file", cap="entries", limit=ENTRIES
        )
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise _unreadable("the archive has sizes that no file of ours needs")


def _unreadable(why: str) -> ArchiveUnreadable:
    return ArchiveUnreadable(why, field="file")
