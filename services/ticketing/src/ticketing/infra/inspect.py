"""What a file is: by its first bytes, puremagic beside our own table, and by what it holds."""

from typing import BinaryIO

import puremagic

from ticketing.domain.errors import FileMismatch
from ticketing.domain.files import FileKind, judge
from ticketing.domain.opening import judge_picture
from ticketing.infra.archives import open_archive
from ticketing.infra.compounds import open_compound
from ticketing.infra.pictures import picture_size

SURE = 0.8
"""From this confidence on puremagic can overrule the extension."""


def inspect_file(kind: FileKind, head: bytes) -> None:
    """Raises FileMismatch where our table or puremagic says that it is something else."""
    judge(kind, head)
    if not kind.signatures:
        return
    found = puremagic.magic_string(head) if head else []
    sure = {m.extension.removeprefix(".").casefold() for m in found if m.confidence >= SURE}
    if sure and not sure & kind.family:
        raise FileMismatch("the content is not what the extension says", field="file")


def open_file(kind: FileKind, file: BinaryIO) -> None:
    """Raises ArchiveTooLarge, ArchiveUnreadable, ActiveContent, PictureTooLarge, FileMismatch."""
    if kind.holds == "entries":
        open_archive(file, kind.marks)
    elif kind.holds == "streams":
        open_compound(file)
    elif kind.holds == "pixels":
        judge_picture(picture_size(kind.media_type, file))
