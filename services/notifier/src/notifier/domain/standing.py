"""May a fact still cause a mail? (design 01 §5)"""

from datetime import datetime, timedelta
from typing import Literal

OLDEST = timedelta(hours=48)

Standing = Literal["pending", "held", "muted"]


def standing(*, at: datetime, now: datetime, republished: bool) -> Standing:
    """Republished facts cause none; live ones older than 48 h wait for a person."""
    if republished:
        return "muted"
    return "held" if now - at > OLDEST else "pending"
