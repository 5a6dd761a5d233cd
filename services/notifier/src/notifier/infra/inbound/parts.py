"""Which parts of a mail are its body, and which are files."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass, field

from notifier.application.inbound import PartFile
from notifier.infra.inbound.charsets import storable
from notifier.infra.inbound.opened import Part

MOST_FILES = 200
_SHOWN = frozenset({"text/plain", "text/html"})
_NAMES = {
    "text/calendar": "invite.ics",
    "message/rfc822": "message.eml",
    "application/ms-tnef": "winmail.dat",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pgp-encrypted": "version.asc",
    "application/pgp-signature": "signature.asc",
}
_NOT_FILES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
"""A signature proves nothing here and says nothing to a person; it stays in the original."""


@dataclass
class Sorted:
    """The parts of a mail by what they are."""

    body: list[Part] = field(default_factory=list)
    files: list[PartFile] = field(default_factory=list)


def sort_parts(mail: Part) -> Sorted:
    """Body and files, in the order of the mail. Of alternatives the HTML and the plain text."""
    found = Sorted()
    shown: set[str] = set()
    for part in _leaves(mail):
        kind = part.media_type
        if _is_body(part, shown):
            shown.add(kind)
            found.body.append(part)
            continue
        if kind not in _NOT_FILES and len(found.files) < MOST_FILES:
            found.files.append(_file(part, len(found.files) + 1))
    return found


def _is_body(part: Part, shown: set[str]) -> bool:
    """A second plain text is a list's footer; a second HTML, or a named text, is a file."""
    kind = part.media_type
    if kind.startswith("multipart/"):  # without a part in it: whatever stands there is all
        return True
    if kind not in _SHOWN or part.disposition == "attachment" or part.file_name:
        return False
    return kind not in shown or (kind == "text/plain" and "text/html" not in shown)


def _leaves(mail: Part) -> Iterator[Part]:
    for part in mail.walk():
        if not part.is_multipart:
            yield part


def _file(part: Part, number: int) -> PartFile:
    kind = part.media_type
    extension = mimetypes.guess_extension(kind) or ".bin"
    named = storable(part.file_name or "").strip()
    return PartFile(
        file_name=(named or _NAMES.get(kind) or f"part-{number}{extension}")[:500],
        media_type=kind,
        content=part.content,
        content_id=(part.content_id or "")[:500] or None,
    )
