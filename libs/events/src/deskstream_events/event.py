"""The base of every event, the marker of personal data, and the registry of types."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


@dataclass(frozen=True)
class Personal:
    """Marks a field as personal data: redaction overwrites it, logs and docs leave it out."""


PersonalText = Annotated[str, Personal()]

REDACTED = "[redacted]"
"""What stands in a personal field after redaction."""


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A point in time, kept in UTC; a naive one is refused."""


class Event(BaseModel):
    """A fact, past tense, frozen. One class per type and version.

    `TYPE` is the published name (`ticketing.ticket.opened.v1`), `STREAM_TYPE` its first two parts.
    Producers construct it and unknown fields are an error; consumers read it with `read`, which
    ignores fields that a newer producer added.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    TYPE: ClassVar[str]
    STREAM_TYPE: ClassVar[str]
    VERSION: ClassVar[int]

    at: Instant
    """Application time (the chassis' Clock) of the fact."""

    def people(self) -> tuple[str, ...]:
        """Whom it is about, raw (`mail:a@b.c`, `user:<id>`): the store keeps keyed hashes only."""
        return ()

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Validate stored JSON, ignoring unknown fields. Raises pydantic's ValidationError."""
        return cls.model_validate(data, extra="ignore")


E = TypeVar("E", bound=Event)
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class UnknownEventType(LookupError):
    """No class is registered for this type."""


class Registry:
    """All event types by name, with the upcasters from older versions."""

    def __init__(self) -> None:
        self._classes: dict[str, type[Event]] = {}
        self._upcasters: dict[str, tuple[str, Upcaster]] = {}

    def event(self, name: str) -> Callable[[type[E]], type[E]]:
        """Class decorator: registers the class under `context.aggregate.fact.vN`."""

        def register(cls: type[E]) -> type[E]:
            if name in self._classes:
                raise ValueError(f"{name} is registered twice")
            *stream, _fact, version = name.split(".")
            cls.TYPE, cls.STREAM_TYPE, cls.VERSION = name, ".".join(stream), int(version[1:])
            self._classes[name] = cls
            return cls

        return register

    def upcaster(self, old: str, new: str) -> Callable[[Upcaster], Upcaster]:
        """Function decorator: `old` payloads are turned into `new` ones, dict to dict, pure."""

        def register(function: Upcaster) -> Upcaster:
            self._upcasters[old] = (new, function)
            return function

        return register

    def find(self, name: str) -> type[Event]:
        """The class that a payload of this type is read as. Raises UnknownEventType."""
        while name in self._upcasters:
            name = self._upcasters[name][0]
        try:
            return self._classes[name]
        except KeyError:
            raise UnknownEventType(name) from None

    def read(self, name: str, data: dict[str, Any]) -> Event:
        """Upcast and validate. Raises UnknownEventType or pydantic's ValidationError."""
        while name in self._upcasters:
            name, upcast = self._upcasters[name]
            data = upcast(data)
        return self.find(name).read(data)

    def all(self) -> dict[str, type[Event]]:
        """Every registered class by type name, sorted."""
        return dict(sorted(self._classes.items()))

    def of_stream(self, stream_type: str) -> dict[str, type[Event]]:
        """The classes of one aggregate type."""
        return {n: c for n, c in self.all().items() if c.STREAM_TYPE == stream_type}


registry = Registry()
"""The one registry of the published language."""
