"""The fact behind a mail: when it was, who caused it, and whether it may still cause one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_eventstore import Origin

ACTOR = "system:notifier"

Standing = Literal["pending", "held", "muted"]
"""As the event store says of each fact: live, older than 48 h, or republished (design 01 §5)."""


@dataclass(frozen=True)
class Cause:
    """`origin` carries correlation and trace on, and the fact's id as the causation."""

    event_id: UUID
    at: datetime
    standing: Standing
    origin: Origin
