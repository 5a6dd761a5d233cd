"""Attachments from the bucket, where ticketing wrote them."""

from obstore.exceptions import BaseError

from deskstream_chassis.files import Bucket, FileChanged, FileMissing, FileTooLarge
from notifier.application.mail import LoadedFile
from notifier.domain.errors import AttachmentChanged, AttachmentMissing, FilesUnreachable
from notifier.domain.letter import Attached


class BucketFiles:
    """See ports.Files. A file that became longer than it was is a changed one."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def load(self, file: Attached) -> LoadedFile:
        """See ports."""
        try:
            content = await self._bucket.read_verified(file.key, file.sha256, file.size)
        except FileMissing:
            raise AttachmentMissing from None
        except (FileChanged, FileTooLarge):
            raise AttachmentChanged from None
        except (BaseError, OSError):
            raise FilesUnreachable from None
        return LoadedFile(file.file_name, file.media_type, content)
