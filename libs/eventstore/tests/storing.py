"""Creating a store for tests."""

from deskstream_eventstore.testing import KEY, create_store

__all__ = ["KEY", "create_store"]
