"""A written mail, on its way from the composer to the mail server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mail:
    """`recipients` in the letter's order; `content` is the whole mail with CRLF line ends."""

    mail_id: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    needs_utf8: bool = False


@dataclass(frozen=True)
class LoadedFile:
    """An attachment whose hash was checked."""

    file_name: str
    media_type: str
    content: bytes
