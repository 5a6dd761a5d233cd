"""What may be in a file that holds others (archives, office files), and how large a picture is."""

from collections.abc import Collection
from dataclasses import dataclass

from ticketing.domain.file_errors import (
    ActiveContent,
    ArchiveTooLarge,
    ArchiveUnreadable,
    PictureTooLarge,
)

ENTRIES = 5_000
"""Of one file, those of archives in it included."""
UNPACKED = 200 * 1024 * 1024
"""Bytes of all entries together."""
RATIO = 150
"""How many times its packed size an entry may be, beyond the first `RATIO_FREE` bytes."""
RATIO_FREE = 1024 * 1024
DEPTH = 3
"""An archive in an archive in an archive."""
PIXELS = 120_000_000
"""What a picture may say of itself: a good camera makes 108 million."""

_STARTED = "bat cmd com cpl dll exe hta jar js jse lnk msi msix ps1 reg scr vbe vbs wsf wsh"
PROGRAMS = frozenset(_STARTED.split(" "))
"""Extensions that a double click starts."""
_OFFICE = frozenset({"[Content_Types].xml", "mimetype"})
_MACROS = ("vbaproject.bin", "vbadata.xml")
_ODF_MACROS = ("basic/", "scripts/")


@dataclass
class Budget:
    """What is left while one file is opened."""

    entries: int = ENTRIES
    unpacked: int = UNPACKED

    def enter(self, depth: int, entries: int) -> None:
        """One archive more. Raises ArchiveTooLarge."""
        self.entries -= entries
        if depth > DEPTH:
            raise _too_large("depth", DEPTH)
        if self.entries < 0:
            raise _too_large("entries", ENTRIES)

    def spend(self, size: int, unpacked: int, packed: int) -> None:
        """`size` bytes more of an entry that makes `unpacked` so far of `packed` in all. Raises
        ArchiveTooLarge."""
        self.unpacked -= size
        if self.unpacked < 0:
            raise _too_large("unpacked", UNPACKED)
        if unpacked > RATIO_FREE and unpacked > packed * RATIO:
            raise _too_large("ratio", RATIO)


def is_office(names: Collection[str]) -> bool:
    """Whether an archive is an office file, whatever it is called."""
    return not _OFFICE.isdisjoint(names)


def judge_entry(name: str, *, office: bool) -> None:
    """By its name. Raises ArchiveUnreadable where it leads outside, ActiveContent."""
    path = name.replace("\\", "/")
    if path.startswith("/") or path[1:2] == ":" or ".." in path.split("/"):
        raise ArchiveUnreadable("an entry's name leads outside the archive", field="file")
    lower = path.casefold()
    last = lower.rpartition("/")[2].rstrip(" .")
    if last.rpartition(".")[2] in PROGRAMS and "." in last:
        raise ActiveContent("programs inside an archive are not taken", field="file")
    if office and (last in _MACROS or (lower.startswith(_ODF_MACROS) and last)):
        raise ActiveContent("office files with macros are not taken", field="file")


def judge_entry_head(head: bytes) -> None:
    """By its first bytes. Raises ActiveContent."""
    if head.startswith(b"\x7fELF") or (head.startswith(b"MZ") and b"\x00" in head[:64]):
        raise ActiveContent("programs inside an archive are not taken", field="file")


def judge_picture(size: tuple[int, int] | None) -> None:
    """Width and height as its header has them; None where it has none. Raises PictureTooLarge."""
    if size is not None and size[0] * size[1] > PIXELS:
        raise PictureTooLarge(f"at most {PIXELS} pixels", field="file", limit=PIXELS)


def _too_large(cap: str, limit: int) -> ArchiveTooLarge:
    return ArchiveTooLarge(
        "what it holds is more than is taken", field="file", cap=cap, limit=limit
    )
