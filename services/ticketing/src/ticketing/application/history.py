"""What happened to a ticket, and how it stood then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from deskstream_chassis.access import Actor, sees_notes
from deskstream_events.event import Event
from deskstream_events.personal import nested_models, personal_fields
from deskstream_events.ticketing.ticket import AttachmentAddedV1, NoteAddedV1
from deskstream_eventstore import Database, Recorded, Work
from ticketing.application.families import family_of
from ticketing.application.ports import Directory, TicketRef
from ticketing.application.queries import Shown, visible
from ticketing.application.tickets import Tickets
from ticketing.domain.errors import NothingYet
from ticketing.domain.family import whole
from ticketing.domain.fold import fold

AsOf = int | datetime
"""A version, or an instant of the store's clock."""


@dataclass(frozen=True)
class Happening:
    """One fact. `details` are its fields but for personal ones; `cause` is the fact that led to it,
    `correlation` what binds it to others of one request."""

    version: int
    what: str
    at: datetime
    recorded_at: datetime
    actor: str
    actor_name: str | None
    cause: str | None
    correlation: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """Facts behind `after`, oldest first, one more than asked for where there are more; and the
    ticket as it stood, where an earlier point was asked for."""

    happenings: Sequence[Happening]
    then: Shown | None


class ShowHistory:
    """Access is that of now; a viewer hears nothing of notes and internal files."""

    def __init__(self, database: Database, tickets: Tickets, directory: Directory) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory

    async def __call__(
        self, ref: TicketRef, as_of: AsOf | None, after: int, limit: int, actor: Actor
    ) -> History:
        """Raises AccessDenied, NothingYet."""
        async with self._database.reading() as work:
            loaded = await self._tickets.get(work, ref, actor, "view")
            facts = [fact for fact in loaded.facts if _until(fact, as_of)]
            if not facts:
                raise NothingYet("the ticket did not exist then", field="as_of")
            then = None if as_of is None else await self._then(work, facts, as_of, actor)
            told = [fact for fact in facts if fact.version > after and _for(actor, fact.event)]
            told = told[: limit + 1]
            names = await self._directory.names(work, {i for f in told if (i := _user(f))})
            if then:
                names = {**names, **await self._directory.names(work, _authors(then))}
        if then:
            then = Shown(then.ticket, then.messages, then.attachments, names)
        return History([_happening(fact, names) for fact in told], then)

    @staticmethod
    async def _then(work: Work, facts: Sequence[Recorded], as_of: AsOf, actor: Actor) -> Shown:
        """With what it showed of others at that moment: a version's moment is its recording."""
        ticket = fold((fact.version, fact.event) for fact in facts)
        assert ticket is not None
        moment = facts[-1].recorded_at if isinstance(as_of, int) else as_of
        return visible(whole(ticket, await family_of(work, ticket, as_of=moment)), actor)


def _until(fact: Recorded, as_of: AsOf | None) -> bool:
    if as_of is None:
        return True
    if isinstance(as_of, int):
        return fact.version <= as_of
    return fact.recorded_at <= as_of


def _for(actor: Actor, event: Event) -> bool:
    return sees_notes(actor) or not isinstance(event, NoteAddedV1 | AttachmentAddedV1)


def _user(fact: Recorded) -> UUID | None:
    kind, _, name = fact.meta.actor.partition(":")
    return UUID(name) if kind == "user" else None


def _authors(shown: Shown) -> set[UUID]:
    return {message.author_id for message in shown.messages if message.author_id}


def _happening(fact: Recorded, names: Mapping[UUID, str]) -> Happening:
    user = _user(fact)
    data = fact.event.model_dump(mode="json", exclude={"ticket_id", "at"}, exclude_none=True)
    return Happening(
        version=fact.version,
        what=fact.event.TYPE.split(".")[2],
        at=fact.event.at,
        recorded_at=fact.recorded_at,
        actor=fact.meta.actor,
        actor_name=names.get(user) if user else None,
        cause=fact.meta.causation_id,
        correlation=fact.meta.correlation_id,
        details=_plain(type(fact.event), data),
    )


def _plain(model: type[BaseModel], data: Mapping[str, Any]) -> dict[str, Any]:
    """Without personal fields, at any depth."""
    kept = {name: value for name, value in data.items() if name not in personal_fields(model)}
    for name, nested in nested_models(model).items():
        value = kept.get(name)
        if isinstance(value, list):
            kept[name] = [_plain(nested, one) for one in value]
        elif isinstance(value, dict):
            kept[name] = _plain(nested, value)
    return kept
