"""From a fact to what our use cases know of it."""

from typing import Any

from deskstream_eventstore import Fact
from notifier.application.cause import ACTOR, Cause


def cause_of(fact: Fact[Any]) -> Cause:
    """Correlation and trace go on; the fact becomes the cause of what we append."""
    return Cause(fact.event_id, fact.at, fact.standing, fact.origin(ACTOR))
