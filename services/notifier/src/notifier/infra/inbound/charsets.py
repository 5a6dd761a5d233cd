"""Bytes of a mail as text, whatever charset they claim. Nothing here raises."""

import codecs
import re

_ALIASES = {
    "utf8mb4": "utf-8",
    "unicode": "utf-8",
    "x-unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "ks_c_5601-1987": "cp949",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "x-gbk": "gb18030",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
}
"""What mail programs write, and what they mean."""
_CODECS = re.compile(
    r"utf[_-]?(8|8[_-]sig|16|16[_-]?[lb]e|32|32[_-]?[lb]e|7)|ascii|cp\d+|windows-\d+|iso\d?-?.*"
    r"|koi8-[rut]|mac_\w+|big5\w*|gb\w+|hz|euc_\w+|euc-\w+|shift_\w+|johab|tis-620|ptcp154|latin.*",
    re.IGNORECASE,
)
"""Codecs of text alone: the machine's other ones are slow (`idna`) or mean something else."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Without NUL and lone surrogates: neither JSON nor PostgreSQL takes them."""
    return _UNSTORABLE.sub("", text)


def text_of(content: bytes, charset: str | None) -> str:
    """By the claimed charset, else UTF-8, else Windows-1252; what fits none is replaced."""
    candidates = [_codec(charset), "utf-8", "cp1252"]
    for candidate in candidates:
        if candidate is None:
            continue
        try:
            return storable(content.decode(candidate))
        except (UnicodeError, LookupError):
            continue
    return storable(content.decode(candidates[0] or "utf-8", "replace"))


def _codec(charset: str | None) -> str | None:
    name = (charset or "utf-8").strip().strip("'\"").casefold()
    if name in ("us-ascii", "ascii"):
        name = "utf-8"  # 8-bit bytes in "ASCII" are UTF-8 nowadays, else Windows-1252 follows
    name = _ALIASES.get(name, name)
    if not _CODECS.fullmatch(name):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
