"""Sending a file: always as an attachment, never run, in part if asked."""

import re
from urllib.parse import quote

from ticketing.domain.errors import RangeRefused
from ticketing.domain.ticket import Attachment

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def download_headers(file: Attachment) -> dict[str, str]:
    """Headers that hold for the whole and for a part."""
    plain = re.sub(r'[^ -~]|["\\]', "_", file.file_name)
    return {
        "Content-Type": file.media_type,
        "Content-Disposition": f'attachment; filename="{plain}"; '
        f"filename*=UTF-8''{quote(file.file_name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
        "ETag": f'"{file.sha256}"',
    }


def asked_range(header: str | None, if_range: str | None, file: Attachment) -> range | None:
    """The bytes that `Range` asks for; None for all of them: without one, with several or with one
    that cannot be read (RFC 9110 §14.2). Raises RangeRefused where it lies outside the file."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[0] == "bytes=-" or if_range not in (None, f'"{file.sha256}"'):
        return None
    first, last = found[1], found[2]
    if not first:
        start, end = max(0, file.size - int(last)), file.size
    else:
        start, end = int(first), min(file.size, int(last) + 1 if last else file.size)
        if last and int(last) < start:
            return None
    if start >= file.size or start >= end:
        raise RangeRefused("outside the file", size=file.size)
    return range(start, end)
