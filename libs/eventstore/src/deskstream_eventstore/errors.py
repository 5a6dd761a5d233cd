"""One tree of errors; each says what the caller can do about it."""

from typing import Any


class StoreError(Exception):
    """Base of everything that the event store raises by intent."""


class Conflict(StoreError):
    """Another writer was faster on a stream: reload and decide again."""


class EventTooLarge(StoreError):
    """An event's payload is over 900 KiB and would not pass the broker; nothing was stored."""


class AlreadyDone(StoreError):
    """This Idempotency-Key was done before; `result` is what it answered (JSON values)."""

    def __init__(self, result: Any) -> None:
        super().__init__("the command was done before")
        self.result = result


class AnswerNotKept(StoreError):
    """This Idempotency-Key was done before, but its answer showed a secret or was redacted."""


class KeyReused(StoreError):
    """The same Idempotency-Key came with another request."""


class InFlight(StoreError):
    """The same Idempotency-Key is being worked on right now."""


class NotClaimed(StoreError):
    """A keyed use case appended without `work.once()`: a defect of the use case, nothing stored."""


class EffectRefused(StoreError):
    """A rebuild tried to append or to plan an effect: a defect of the view, nothing stored."""
