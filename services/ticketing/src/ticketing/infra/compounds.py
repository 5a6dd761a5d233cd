"""Old office files: whether one holds macros."""

from typing import BinaryIO

from ticketing.domain.file_errors import ActiveContent

STEP = 1024 * 1024
_MACROS = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "_VBA_PROJECT_CUR"))
"""Names of the directory's entries where macros lie."""


def open_compound(file: BinaryIO) -> None:
    """Raises ActiveContent."""
    keep = max(map(len, _MACROS)) - 1
    before = b""
    file.seek(0)
    while chunk := file.read(STEP):
        seen = before + chunk
        if any(name in seen for name in _MACROS):
            raise ActiveContent("office files with macros are not taken", field="file")
        before = seen[-keep:]
