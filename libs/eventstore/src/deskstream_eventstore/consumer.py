"""What a service follows: a consumer is a name, its topics and one function per fact."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from deskstream_events import Event, Meta, Topic
from deskstream_eventstore.errors import StoreError
from deskstream_eventstore.work import Origin, Work

E = TypeVar("E", bound=Event)

Standing = Literal["pending", "held", "muted"]
"""What an outside effect of a fact starts as. `muted`: the fact was republished, nothing may go
out; `held`: it is older than 48 h, a person decides; `pending`: it may go out."""


class Permanent(StoreError):
    """Raised by a handler: trying again cannot help. `code` is stable and names no person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Fact(Generic[E]):
    """One event as a handler sees it, with where it came from and why it happened."""

    event: E
    type: str
    stream_id: UUID
    version: int
    event_id: UUID
    at: datetime
    meta: Meta
    topic: str
    """Without the installation's prefix."""
    partition: int
    offset: int
    republished: bool
    standing: Standing = "pending"

    @property
    def stream_type(self) -> str:
        """The aggregate type, `ticketing.ticket`."""
        return self.event.STREAM_TYPE

    def origin(self, actor: str) -> Origin:
        """For what a handler appends: caused by this fact, in the same correlation and trace."""
        return Origin(
            actor=actor,
            correlation_id=self.meta.correlation_id,
            causation_id=str(self.event_id),
            traceparent=self.meta.traceparent,
        )


Handler = Callable[[Work, Fact[Any]], Awaitable[None]]


class Consumer:
    """Handlers by event class. `name` is the catalogue's consumer name and the Kafka group.

    A handler runs inside the batch's transaction, at least once, with the effect of once: it
    writes rows of its own through `work`, plans outside effects, and waits for nothing outside.
    An ordered consumer sees each stream's versions without holes; with `ordered=False` one
    failing event is set aside alone and its stream goes on.
    """

    def __init__(self, name: str, topics: Sequence[Topic], *, ordered: bool = True) -> None:
        self.name = name
        self.topics = tuple(topics)
        self.ordered = ordered
        self.handlers: dict[str, Handler] = {}
        strangers = [topic.name for topic in topics if name not in topic.consumers]
        if strangers:
            raise ValueError(f"{name} is not in the catalogue of {', '.join(strangers)}")

    def on(
        self, event_class: type[E]
    ) -> Callable[
        [Callable[[Work, Fact[E]], Awaitable[None]]], Callable[[Work, Fact[E]], Awaitable[None]]
    ]:
        """Decorator: the function that handles this fact. Raises ValueError for a second one."""
        if event_class.STREAM_TYPE not in {topic.stream_type for topic in self.topics}:
            raise ValueError(f"{self.name} does not follow the topic of {event_class.TYPE}")
        if event_class.TYPE in self.handlers:
            raise ValueError(f"{self.name} handles {event_class.TYPE} twice")

        def register(
            function: Callable[[Work, Fact[E]], Awaitable[None]],
        ) -> Callable[[Work, Fact[E]], Awaitable[None]]:
            self.handlers[event_class.TYPE] = function
            return function

        return register
