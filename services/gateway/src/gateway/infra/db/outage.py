"""A database that is away, as the gate wants to hear of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deskstream_chassis.http.errors import STORE_DOWN
from gateway.application.ports import StoreDown


@asynccontextmanager
async def or_down() -> AsyncIterator[None]:
    """Whatever says that the database is away becomes StoreDown: the gate answers 503."""
    try:
        yield
    except STORE_DOWN as error:
        raise StoreDown("sessions and keys cannot be looked up") from error
