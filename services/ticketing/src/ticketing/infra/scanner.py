"""clamd, asked over TCP."""

from typing import BinaryIO

from aioclamd import ClamdAsyncClient, ClamdError

from ticketing.application.scan_files import ScannerDown

SECONDS = 60.0
STEP = 256 * 1024


class Clamd:
    """By INSTREAM: the file travels, clamd needs no access to ours. Its StreamMaxLength must be
    25 MB or more: what it will not take waits."""

    def __init__(self, address: str, *, seconds: float = SECONDS) -> None:
        host, _, port = address.rpartition(":")
        self._client = ClamdAsyncClient(host, int(port), timeout=seconds)

    async def __call__(self, content: BinaryIO) -> bool:
        """Anything but a clear answer is none. Raises ScannerDown."""
        try:
            answer = await self._client.instream(_InSteps(content))
        except (ClamdError, OSError, ValueError) as error:
            raise ScannerDown from error
        status = (answer or {}).get("stream", ("", None))[0]
        if status not in ("OK", "FOUND"):
            raise ScannerDown
        return bool(status == "OK")


class _InSteps:
    """The client asks for a kilobyte at a time, each from a thread of its own."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content

    def read(self, _size: int) -> bytes:
        return self._content.read(STEP)
