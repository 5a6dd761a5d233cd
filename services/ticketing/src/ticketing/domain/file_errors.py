"""Why a file is refused for what it holds."""

from ticketing.domain.errors import FileRefused


class ArchiveTooLarge(FileRefused):
    """An archive or office file holds too much; `cap` says of what."""

    code = "archive_too_large"


class ArchiveUnreadable(FileRefused):
    """An archive or office file that is broken, encrypted, or leads outside itself."""

    code = "archive_unreadable"


class ActiveContent(FileRefused):
    """Macros in an office file, or a program in an archive."""

    code = "active_content"


class PictureTooLarge(FileRefused):
    """More pixels than anything that shows it should have to hold."""

    code = "picture_too_large"


class FileInfected(FileRefused):
    """The scanner found something in it."""

    code = "file_infected"


class FileQuarantined(FileRefused):
    """Not given out: not scanned yet, or something was found; `state` says which."""

    code = "file_quarantined"
