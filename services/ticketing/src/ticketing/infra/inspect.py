"""A second opinion on a file's first bytes: puremagic beside our own table."""

import puremagic

from ticketing.domain.errors import FileMismatch
from ticketing.domain.files import FileKind, judge

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
