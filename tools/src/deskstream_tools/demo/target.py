"""What the demo is pointed at, and how it says what happens."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


class CheckFailed(Exception):
    """Something did not hold; the message says what was expected and what was seen."""


@dataclass(frozen=True)
class Target:
    """A running installation, as its operator knows it."""

    gateway_url: str
    public_url: str
    mailbox_url: str
    kafka_bootstrap: str
    topic_prefix: str
    ticketing_dsn: str
    admin_email: str
    admin_password: str
    out: Path


@dataclass
class Progress:
    """Says each hop with the seconds since the start, and keeps the checks that held."""

    say: Callable[[str], None] = print
    started: float = field(default_factory=time.monotonic)
    held: int = 0

    def hop(self, text: str) -> None:
        """A thing happened."""
        self.say(f"[{time.monotonic() - self.started:7.2f} s] {text}")

    def check(self, name: str, holds: object, seen: object = "") -> None:
        """A thing must hold. Raises CheckFailed."""
        if not holds:
            raise CheckFailed(f"{name}; seen: {seen}" if seen != "" else name)
        self.held += 1
        self.hop(f"  ok  {name}")
