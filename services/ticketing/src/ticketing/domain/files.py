"""Which files are taken: by extension and by what they begin with. Names are never paths."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from ticketing.domain.errors import FileMalformed, FileMismatch, FileTypeRefused

FILE_LIMIT = 25 * 1024 * 1024
"""Bytes of one file (04-domain.md §3)."""
HEAD = 4096
"""How many of the first bytes are judged."""
NAME_LIMIT = 150

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_TYPES = "[Content_Types].xml"
_ZIPPED = "zip docx xlsx pptx odt ods odp jar apk epub xpi kmz"
_OLED = "doc xls ppt msg msi db"
_ACTIVE = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml", b"#!", b"mz", b"%pdf", b"{\\rtf")


@dataclass(frozen=True)
class FileKind:
    """One allowed extension; `signatures` empty means plain text."""

    media_type: str
    signatures: tuple[bytes, ...] = ()
    at: int = 0
    family: frozenset[str] = frozenset()
    """Extensions that share the signature: what a detector may call it."""
    holds: Literal["entries", "streams", "pixels"] | None = None
    """What is looked at beyond the first bytes: entries of an archive, streams of an old office
    file, a picture's size."""
    marks: tuple[str, ...] = ()
    """An office file is an archive with entries that begin so."""


def _kind(media_type: str, *signatures: bytes, at: int = 0, family: str = "") -> FileKind:
    return FileKind(media_type, signatures, at, frozenset(family.split()))


def _picture(media_type: str, *signatures: bytes, at: int = 0, family: str = "") -> FileKind:
    return FileKind(media_type, signatures, at, frozenset(family.split()), "pixels")


def _zipped(media_type: str, *marks: str) -> FileKind:
    return FileKind(media_type, _ZIP, 0, frozenset(_ZIPPED.split()), "entries", marks)


def _compound(media_type: str) -> FileKind:
    return FileKind(media_type, _OLE, 0, frozenset(_OLED.split()), "streams")


KINDS: dict[str, FileKind] = {
    "pdf": _kind("application/pdf", b"%PDF-", family="pdf ai"),
    "png": _picture("image/png", b"\x89PNG\r\n\x1a\n", family="png apng"),
    "jpg": _picture("image/jpeg", b"\xff\xd8\xff", family="jpg jpeg jfif jpe"),
    "jpeg": _picture("image/jpeg", b"\xff\xd8\xff", family="jpg jpeg jfif jpe"),
    "gif": _picture("image/gif", b"GIF87a", b"GIF89a", family="gif"),
    "webp": _picture("image/webp", b"WEBP", at=8, family="webp riff"),
    "tif": _picture("image/tiff", b"II*\x00", b"MM\x00*", family="tif tiff"),
    "tiff": _picture("image/tiff", b"II*\x00", b"MM\x00*", family="tif tiff"),
    "heic": _picture("image/heic", b"ftyphei", b"ftypmif1", at=4, family="heic heif avif"),
    "zip": _zipped("application/zip"),
    "docx": _zipped(f"{_OOXML}.wordprocessingml.document", _TYPES, "word/"),
    "xlsx": _zipped(f"{_OOXML}.spreadsheetml.sheet", _TYPES, "xl/"),
    "pptx": _zipped(f"{_OOXML}.presentationml.presentation", _TYPES, "ppt/"),
    "odt": _zipped(f"{_ODF}.text", "content.xml"),
    "ods": _zipped(f"{_ODF}.spreadsheet", "content.xml"),
    "odp": _zipped(f"{_ODF}.presentation", "content.xml"),
    "doc": _compound("application/msword"),
    "xls": _compound("application/vnd.ms-excel"),
    "msg": _compound("application/vnd.ms-outlook"),
    "mp3": _kind("audio/mpeg", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", family="mp3"),
    "wav": _kind("audio/wav", b"WAVE", at=8, family="wav riff"),
    "mp4": _kind("video/mp4", b"ftyp", at=4, family="mp4 m4v m4a mov 3gp"),
    "txt": _kind("text/plain"),
    "log": _kind("text/plain"),
    "csv": _kind("text/csv"),
    "eml": _kind("message/rfc822"),
}


def clean_name(raw: str) -> str:
    """The last part of a name, without control and direction characters, at most 150 long; the
    extension survives. Raises FileMalformed where nothing is left."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", raw))[-1]
    plain = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    plain = plain.strip(" .")
    if not plain:
        raise FileMalformed("the part has no file name", field="file")
    stem, dot, extension = plain.rpartition(".")
    if len(plain) > NAME_LIMIT:
        plain = f"{stem[: NAME_LIMIT - len(extension) - 1]}{dot}{extension}"[-NAME_LIMIT:]
    return plain


def kind_of(file_name: str) -> FileKind:
    """By the extension. Raises FileTypeRefused with the list of those allowed."""
    extension = file_name.rpartition(".")[2].casefold() if "." in file_name else ""
    try:
        return KINDS[extension]
    except KeyError:
        raise FileTypeRefused(
            "files of this type are not taken", field="file", allowed=sorted(KINDS)
        ) from None


def judge(kind: FileKind, head: bytes) -> None:
    """Whether the first bytes are of that kind. Raises FileMismatch."""
    good = _is_text(head) if not kind.signatures else head[kind.at :].startswith(kind.signatures)
    if not good:
        raise FileMismatch("the content is not what the extension says", field="file")


def _is_text(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    harmless = not start.startswith(_ACTIVE)
    return harmless and not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
