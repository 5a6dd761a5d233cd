"""Records whose header names are no UTF-8 are read, too.

aiokafka decodes header names while it parses a batch: one bad name makes every poll of the consumer
raise, for all its partitions and for good, before any parser of ours is asked. `install` puts a
reader in place that falls back to aiokafka's own Python parser for such a batch, with the name's
bytes escaped; what becomes of the record is then decided like that of any other.
"""

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

_LENGTH = struct.Struct(">qi")


class _Escaping(bytearray):
    """Its slices decode whatever they hold."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _Escaping(found) if isinstance(key, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


class _Batch:
    """A batch of aiokafka's, parsed as a whole when it is asked for its first record."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            batch = _DefaultRecordBatchPy(self._data)
            batch._maybe_uncompress()
            batch._buffer = _Escaping(batch._buffer)
            return iter(list(batch))

    def __next__(self) -> Any:
        return next(self._batch)


class _Records:
    """In place of aiokafka's MemoryRecords: the batches of one partition in a fetch."""

    def __init__(self, data: bytes) -> None:
        self._records = MemoryRecords(data)
        self._data = memoryview(data)
        self._at = 0

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> _Batch | None:
        batch = self._records.next_batch()
        if batch is None:
            return None
        _, length = _LENGTH.unpack_from(self._data, self._at)
        end = self._at + _LENGTH.size + length
        data, self._at = self._data[self._at : end], end
        return _Batch(batch, data)


def install() -> None:
    """For all consumers of this process; may be called again."""
    fetcher.MemoryRecords = _Records
