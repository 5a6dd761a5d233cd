"""Width and height of a picture by its header alone; not a pixel is decoded."""

import struct
from collections.abc import Callable
from typing import BinaryIO

Size = tuple[int, int]
HEAD = 64 * 1024
_MOST_SEGMENTS = 1000
_NO_FRAME = (0xC4, 0xC8, 0xCC)
_BARE = (0x01, *range(0xD0, 0xD8))
_WIDTH, _HEIGHT = 256, 257
_TIFF_TYPES = {3: "H", 4: "I"}


def picture_size(media_type: str, file: BinaryIO) -> Size | None:
    """None where the header has none: then nobody can show it either."""
    file.seek(0)
    try:
        return _READERS[media_type](file)
    except struct.error:
        return None


def _png(file: BinaryIO) -> Size | None:
    return _pair(">II", file.read(24), 16)


def _gif(file: BinaryIO) -> Size | None:
    return _pair("<HH", file.read(10), 6)


def _webp(file: BinaryIO) -> Size | None:
    head = file.read(30)
    kind = head[12:16]
    if kind == b"VP8X":
        return _three_bytes(head, 24), _three_bytes(head, 27)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = _pair("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(file: BinaryIO) -> Size | None:
    """The frame's header; before it come segments of any length, and those are stepped over."""
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        mark, code = struct.unpack("BB", file.read(2))
        while code == 0xFF:
            (code,) = struct.unpack("B", file.read(1))
        if mark != 0xFF:
            return None
        if code in _BARE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= code <= 0xCF and code not in _NO_FRAME:
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, 1)
    return None


def _tiff(file: BinaryIO) -> Size | None:
    head = file.read(8)
    order = "<" if head.startswith(b"II") else ">"
    (at,) = struct.unpack_from(f"{order}I", head, 4)
    found: dict[int, int] = {}
    file.seek(at)
    (count,) = struct.unpack(f"{order}H", file.read(2))
    for _ in range(count):
        entry = file.read(12)
        tag, kind = struct.unpack_from(f"{order}HH", entry)
        if tag in (_WIDTH, _HEIGHT) and kind in _TIFF_TYPES:
            (found[tag],) = struct.unpack_from(f"{order}{_TIFF_TYPES[kind]}", entry, 8)
    return (found[_WIDTH], found[_HEIGHT]) if len(found) == 2 else None


def _heic(file: BinaryIO) -> Size | None:
    """The largest of all pictures that the head tells of."""
    parts = file.read(HEAD).split(b"ispe")[1:]
    sizes = [_pair(">II", part, 4) for part in parts if len(part) >= 12]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _pair(form: str, head: bytes, at: int) -> Size:
    width, height = struct.unpack_from(form, head, at)
    return width, height


def _three_bytes(head: bytes, at: int) -> int:
    return int.from_bytes(head[at : at + 3], "little") + 1


_READERS: dict[str, Callable[[BinaryIO], Size | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/jpeg": _jpeg,
    "image/tiff": _tiff,
    "image/heic": _heic,
}
