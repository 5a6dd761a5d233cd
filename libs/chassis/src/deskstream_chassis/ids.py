"""Identifiers."""

from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """A UUIDv7: unique, and sorted by the time of its making within one process."""
    return compat.uuid7()
