"""Answers that take as long whatever was found behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LEAST = 0.3
"""Seconds: many times what finding an account and writing its link takes."""


@asynccontextmanager
async def even_time() -> AsyncIterator[None]:
    """The block ends no sooner than after `LEAST` seconds, errors included. What it did is
    committed long before, so nothing but the connection of the client is held."""
    until = asyncio.get_running_loop().time() + LEAST
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()))
