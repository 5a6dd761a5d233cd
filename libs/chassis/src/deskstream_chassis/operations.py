"""What operators do to a service's store: the same by command line and by `/internal/ops/*`.

Answers are JSON values. Personal data is masked unless `reveal` is asked for; then it goes to the
operator who asked, never to a log. Replays and decisions keep who and why in the store.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from deskstream_chassis.access import system
from deskstream_events import Topic, owned_by
from deskstream_events.personal import overwrite_personal
from deskstream_eventstore import (
    Consumer,
    Database,
    KafkaSettings,
    NotHeld,
    NotThere,
    Recorded,
    Settle,
    StillUnreadable,
    ops,
    rebuild,
    replay_dead_letter,
    replay_parked,
    republish,
    resolve_effect,
)
from deskstream_eventstore.rebuild import RebuildRuns
from deskstream_eventstore.resolve import Verdict

T = TypeVar("T")
OPERATOR = system("operator").ref
"""Who acts where no person is named: somebody at the service's own command line."""
UNDONE = ("held", "failed", "sending", "pending")
Fold = Callable[[Sequence[Recorded]], Any]
"""An aggregate's state from its events, as a value that JSON can hold."""


class OperationFailed(Exception):
    """A stable code of what went wrong (`unknown_view`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def is_absence(self) -> bool:
        """Whether what was asked for is not there, rather than not possible now."""
        return self.code.startswith(("unknown_", "nothing_"))


class Operations:
    """The operations of one service, on its own database and its own topics.

    `consumers` are those whose parked events and dead letters it may replay; `settle` is the
    dispatcher's, for effects that a person declares done; `folds` give `show` the state of an
    aggregate by stream type. All methods raise OperationFailed.
    """

    def __init__(
        self,
        database: Database,
        service: str,
        kafka: KafkaSettings,
        *,
        consumers: Sequence[Consumer] = (),
        settle: Settle | None = None,
        folds: Mapping[str, Fold] | None = None,
    ) -> None:
        self._database = database
        self._service = service
        self._kafka = kafka
        self._consumers = tuple(consumers)
        self._settle = settle
        self._folds = dict(folds or {})

    async def lag(self) -> dict[str, Any]:
        """`{relay: {unpublished, oldest_age_seconds, held}, consumers: […]}`."""
        return asdict(await ops.lag(self._database, self._kafka, self._consumers))

    async def parked(
        self, consumer: str | None = None, stream: UUID | None = None, *, reveal: bool = False
    ) -> dict[str, Any]:
        """The oldest 100 parked events."""
        rows = await ops.parked(self._database, consumer=consumer, stream_id=stream, reveal=reveal)
        return _items(rows)

    async def dead_letters(
        self, consumer: str | None = None, *, replayed: bool | None = False, reveal: bool = False
    ) -> dict[str, Any]:
        """The oldest 100 dead letters; by default those not yet replayed."""
        rows = await ops.dead_letters(
            self._database, consumer=consumer, replayed=replayed, reveal=reveal
        )
        return _items(rows)

    async def effects(
        self,
        status: str | None = None,
        kind: str | None = None,
        *,
        effect_id: UUID | None = None,
    ) -> dict[str, Any]:
        """The newest 100 outside effects of a status; without one, of each that is not done.
        `effect_id` is the UUID that ends a key."""
        rows: list[Any] = []
        for wanted in (status,) if status else UNDONE:
            rows += await ops.effects(self._database, status=wanted, kind=kind, effect_id=effect_id)
        return _items(rows)

    async def history(self) -> dict[str, Any]:
        """The newest 100 replays and decisions: who, what and why."""
        return _items(await ops.operations(self._database))

    async def resolve(
        self, key: str, verdict: Verdict, *, actor: str = OPERATOR, reason: str
    ) -> dict[str, Any]:
        """Decide about a held effect."""
        try:
            status = await resolve_effect(
                self._database, key, verdict, actor=actor, reason=reason, settle=self._settle
            )
        except NotThere:
            raise OperationFailed("unknown_effect") from None
        except NotHeld:
            raise OperationFailed("not_held") from None
        return {"key": key, "status": status}

    async def replay_parked(
        self, consumer: str, stream: UUID, *, actor: str = OPERATOR, reason: str
    ) -> dict[str, Any]:
        """Apply what is parked of a stream, in order, as far as it goes."""
        try:
            done = await replay_parked(
                self._database, self._consumers, consumer, stream, actor=actor, reason=reason
            )
        except NotThere:
            raise OperationFailed("nothing_parked") from None
        return asdict(done)

    async def replay_dead_letter(
        self, letter: UUID, *, actor: str = OPERATOR, reason: str
    ) -> dict[str, Any]:
        """Read a dead letter again and apply it."""
        try:
            done = await replay_dead_letter(
                self._database, self._consumers, letter, actor=actor, reason=reason
            )
        except NotThere:
            raise OperationFailed("unknown_dead_letter") from None
        except StillUnreadable as error:
            raise OperationFailed(f"still_{error.code}") from None
        return asdict(done)

    async def rebuild(self, view: str) -> dict[str, Any]:
        """Build a view anew beside the live one, compare, swap."""
        found = next((one for one in self._database.views if one.name == view), None)
        if found is None:
            raise OperationFailed("unknown_view")
        try:
            report = await rebuild(self._database, found)
        except RebuildRuns:
            raise OperationFailed("rebuild_runs") from None
        return {**asdict(report), "equal": report.equal}

    async def republish(
        self, topic: str, stream: UUID | None = None, *, recreate: bool = False
    ) -> dict[str, Any]:
        """Send the events of one of our topics again, in order, marked."""
        own = {one.name: one for one in owned_by(self._service)}
        found: Topic | None = own.get(topic)
        if found is None:
            raise OperationFailed("unknown_topic")
        done = await republish(
            self._database,
            self._kafka,
            self._service,
            [found],
            recreate=recreate,
            stream_id=stream,
        )
        return asdict(done)

    async def show(
        self,
        stream: UUID,
        version: int | None = None,
        as_of: datetime | None = None,
        *,
        reveal: bool = False,
    ) -> dict[str, Any]:
        """The events of a stream up to a version or instant; with `state` where it can be folded
        and personal data is revealed."""
        async with self._database.reading() as work:
            events = await work.load(stream, to_version=version, as_of=as_of)
        if not events:
            raise OperationFailed("unknown_stream")
        stream_type = events[0].stream_type
        shown: dict[str, Any] = {
            "stream_id": str(stream),
            "stream_type": stream_type,
            "version": events[-1].version,
            "events": [_shown(event, reveal=reveal) for event in events],
        }
        if reveal and stream_type in self._folds:
            shown["state"] = self._folds[stream_type](events)
        return shown


def _items(rows: Sequence[Any]) -> dict[str, Any]:
    return {"items": [asdict(row) for row in rows]}


def _shown(recorded: Recorded, *, reveal: bool) -> dict[str, Any]:
    data = recorded.event.model_dump(mode="json")
    return {
        "position": recorded.position,
        "version": recorded.version,
        "event_id": str(recorded.event_id),
        "type": recorded.event.TYPE,
        "recorded_at": recorded.recorded_at,
        "data": data if reveal else overwrite_personal(type(recorded.event), data),
        "meta": recorded.meta.as_json(),
    }
