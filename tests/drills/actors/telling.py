"""How an actor speaks with its drill: JSON lines out, JSON lines in."""

import asyncio
import json
import sys
from typing import Any

import structlog


def tell(event: str, **fields: Any) -> None:
    """Say what is happening."""
    print(json.dumps({"event": event, **fields}), flush=True)


async def order() -> Any:
    """Wait for the next order; None when the drill has gone."""
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


def settings() -> dict[str, Any]:
    """What the drill set. The product's log lines become JSON lines too."""
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found
