"""What an event does to a ticket: the rules of the fold, by type."""

from collections.abc import Callable
from typing import Any, TypeVar

from deskstream_events.event import Event
from ticketing.domain.ticket import Ticket

E = TypeVar("E", bound=Event)


class Rules(dict[type[Event], Callable[[Ticket, Any], Ticket]]):
    """One rule a type."""

    def on(self, kind: type[E]) -> Callable[[Callable[[Ticket, E], Ticket]], Any]:
        """Function decorator: the rule of this type."""

        def register(rule: Callable[[Ticket, E], Ticket]) -> Callable[[Ticket, E], Ticket]:
            self[kind] = rule
            return rule

        return register
