"""Which files are taken: by extension and by what they begin with. Names are never paths."""

import re
import unicodedata
from dataclasses import dataclass

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
_ACTIVE = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml", b"#!", b"mz", b"%pdf", b"{\\rtf")


@dataclass(frozen=True)
class FileKind:
    """One allowed extension; `signatures` empty means plain text."""

    media_type: str
    signatures: tuple[bytes, ...] = ()
    at: int = 0
    family: frozenset[str] = frozenset()
    """Extensions that share the signature: what a detector may call it."""


def _kind(media_type: str, *signatures: bytes, at: int = 0, family: str = "") -> FileKind:
    return FileKind(media_type, signatures, at, frozenset(family.split()))


_ZIPPED = "zip docx xlsx pptx odt ods odp jar apk epub xpi kmz"
_OLED = "doc xls ppt msg msi db"

KINDS: dict[str, FileKind] = {
    "pdf": _kind("application/pdf", b"%PDF-", family="pdf ai"),
    "png": _kind("image/png", b"\x89PNG\r\n\x1a\n", family="png apng"),
    "jpg": _kind("image/jpeg", b"\xff\xd8\xff", family="jpg jpeg jfif jpe"),
    "jpeg": _kind("image/jpeg", b"\xff\xd8\xff", family="jpg jpeg jfif jpe"),
    "gif": _kind("image/gif", b"GIF87a", b"GIF89a", family="gif"),
    "webp": _kind("image/webp", b"WEBP", at=8, family="webp riff"),
    "tif": _kind("image/tiff", b"II*\x00", b"MM\x00*", family="tif tiff"),
    "tiff": _kind("image/tiff", b"II*\x00", b"MM\x00*", family="tif tiff"),
    "heic": _kind("image/heic", b"ftyphei", b"ftypmif1", at=4, family="heic heif avif"),
    "zip": _kind("application/zip", *_ZIP, family=_ZIPPED),
    "docx": _kind(f"{_OOXML}.wordprocessingml.document", *_ZIP, family=_ZIPPED),
    "xlsx": _kind(f"{_OOXML}.spreadsheetml.sheet", *_ZIP, family=_ZIPPED),
    "pptx": _kind(f"{_OOXML}.presentationml.presentation", *_ZIP, family=_ZIPPED),
    "odt": _kind(f"{_ODF}.text", *_ZIP, family=_ZIPPED),
    "ods": _kind(f"{_ODF}.spreadsheet", *_ZIP, family=_ZIPPED),
    "doc": _kind("application/msword", *_OLE, family=_OLED),
    "xls": _kind("application/vnd.ms-excel", *_OLE, family=_OLED),
    "msg": _kind("application/vnd.ms-outlook", *_OLE, family=_OLED),
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
