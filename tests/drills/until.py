"""Waiting for a condition, never for a time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def until(
    holds: Callable[[], Awaitable[object] | object], what: str, seconds: float = 30.0
) -> None:
    """Poll until `holds`. Raises AssertionError naming `what` when the time is over."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        found = holds()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return
        assert asyncio.get_running_loop().time() < end, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.02)
