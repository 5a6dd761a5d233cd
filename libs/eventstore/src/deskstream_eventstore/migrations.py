"""The store's part of a service's first migration."""

from typing import Any, Protocol

from deskstream_eventstore.tables import store_metadata


class Operations(Protocol):
    """What is used of `alembic.op`."""

    def get_bind(self) -> Any: ...


def create_store(op: Operations) -> None:
    """Create every table of the store. Raises SQLAlchemy's errors where one exists already."""
    store_metadata.create_all(op.get_bind(), checkfirst=False)
