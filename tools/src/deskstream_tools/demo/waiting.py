"""Waiting for a condition, with an end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from deskstream_tools.demo.target import CheckFailed

T = TypeVar("T")


async def eventually(
    what: str, probe: Callable[[], Awaitable[T | None]], *, seconds: float = 30.0
) -> T:
    """The probe's first answer that is not None. Raises CheckFailed when the time is over."""
    end = time.monotonic() + seconds
    pause = 0.02
    while (found := await probe()) is None:
        if time.monotonic() > end:
            raise CheckFailed(f"{what}: not within {seconds:.0f} s")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    return found
