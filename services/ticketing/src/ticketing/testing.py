"""Builders for tests, and a client that speaks as anyone."""

import asyncio
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx

from deskstream_chassis.access import Actor
from deskstream_chassis.access import Role as Rank
from deskstream_chassis.caller import Caller
from deskstream_chassis.identity.tokens import HEADER, TokenSigner
from deskstream_chassis.ids import new_id
from deskstream_events import Meta, Topic
from deskstream_events.event import Event
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_events.gateway.user import Role
from deskstream_events.ticketing.ticket import AttachmentAddedV1, TicketOpenedV1
from deskstream_eventstore import Fact, Origin, Work
from ticketing.domain.bodies import Body
from ticketing.domain.fold import fold
from ticketing.domain.people import Person, Team
from ticketing.domain.ticket import Ticket

E = TypeVar("E", bound=Event)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICKET_ID = UUID("01900000-0000-7000-8000-0000000000a1")
FIRST_MESSAGE = UUID("01900000-0000-7000-8000-0000000000b1")
SUPPORT = Team(SUPPORT_TEAM_ID, "Support", restricted=False)
CREDIT = Team(UUID("01900000-0000-7000-8000-0000000000c1"), "Credit", restricted=True)


def later(seconds: float) -> datetime:
    """An instant after START."""
    return START + timedelta(seconds=seconds)


def person(n: int = 1, role: Role | None = "agent", *teams: Team, active: bool = True) -> Person:
    """The n-th staff member, of Support unless teams are named."""
    return Person(
        id=UUID(f"01900000-0000-7000-8000-00000000d{n:03d}"),
        name=f"Agent {n}",
        email=f"agent-{n}@desk.test",
        role=role,
        active=active,
        teams=frozenset(team.id for team in (teams or (SUPPORT,))),
    )


def body(text: str = "Hello") -> Body:
    """A clean text."""
    return Body(f"<p>{text}</p>", text)


def opened(**over: Any) -> TicketOpenedV1:
    """The first event of the ticket of these tests."""
    values: dict[str, Any] = {
        "ticket_id": TICKET_ID,
        "at": START,
        "number": 7,
        "channel": "api",
        "subject": "A drum leaks",
        "message_id": FIRST_MESSAGE,
        "body_html": "<p>It leaks</p>",
        "body_text": "It leaks",
        "requester_name": "Cora Customer",
        "requester_email": "cora@customer.test",
        "team_id": SUPPORT_TEAM_ID,
        "opened_by": "key:shop",
    }
    return TicketOpenedV1(**(values | over))


def uploaded(n: int = 1, size: int = 10) -> AttachmentAddedV1:
    """The n-th file of the ticket."""
    file = UUID(f"01900000-0000-7000-8000-00000000f{n:03d}")
    return AttachmentAddedV1(
        ticket_id=TICKET_ID,
        at=START,
        attachment_id=file,
        key=f"ticketing/main/{file}",
        sha256="0" * 64,
        size=size,
        media_type="application/pdf",
        file_name=f"file-{n}.pdf",
        uploaded_by="user:x",
    )


def folded(events: Sequence[Event], start: Ticket | None = None) -> Ticket:
    """The ticket after these events."""
    first = start.version + 1 if start else 1
    ticket = fold(enumerate(events, first), start)
    assert ticket is not None
    return ticket


@dataclass(frozen=True)
class Staff:
    """Who is known."""

    agent: Person = field(default_factory=lambda: person(1))
    other: Person = field(default_factory=lambda: person(2))
    viewer: Person = field(default_factory=lambda: person(3, "viewer"))
    manager: Person = field(default_factory=lambda: person(4, "manager"))
    admin: Person = field(default_factory=lambda: person(5, "admin"))
    lender: Person = field(default_factory=lambda: person(6, "agent", CREDIT))

    def all(self) -> list[Person]:
        """Everybody."""
        return [self.agent, self.other, self.viewer, self.manager, self.admin, self.lender]


def actor_of(member: Person) -> Actor:
    """The identity that the gateway gives him."""
    role = Rank(member.role) if member.role else None
    return Actor("user", str(member.id), role, member.teams, session="s")


def key_actor(name: str, *scopes: str) -> Actor:
    """An API key."""
    return Actor("key", name, scopes=frozenset(scopes))


def caller_of(actor: Actor) -> Caller:
    """As the HTTP frame makes it."""
    return Caller(actor, Origin(actor=actor.ref, correlation_id=str(new_id())))


@dataclass(frozen=True)
class Api:
    """Requests to the app, each signed for whom it is made."""

    client: httpx.AsyncClient
    signer: TokenSigner

    async def __call__(
        self, who: Person | Actor, method: str, path: str, **options: Any
    ) -> httpx.Response:
        """One request."""
        actor = actor_of(who) if isinstance(who, Person) else who
        headers = {HEADER: self.signer.sign(actor, "ticketing"), **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def open(self, who: Person | Actor, **over: Any) -> dict[str, Any]:
        """A ticket."""
        body = {
            "subject": "A drum leaks",
            "body_text": "It leaks",
            "requester": {"name": "Cora Customer", "email": "cora@customer.test"},
        }
        answer = await self(who, "POST", "/api/tickets", json=body | over)
        assert answer.status_code == 201, answer.text
        opened: dict[str, Any] = answer.json()
        return opened

    async def show(self, who: Person | Actor, ticket: dict[str, Any]) -> dict[str, Any]:
        """The whole ticket."""
        answer = await self(who, "GET", f"/api/tickets/{ticket['id']}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def change(
        self, who: Person | Actor, ticket: dict[str, Any], **what: Any
    ) -> httpx.Response:
        """PUT with the ticket's present version."""
        seen = (await self.show(who, ticket))["version"]
        return await self(
            who,
            "PUT",
            f"/api/tickets/{ticket['id']}",
            json=what,
            headers={"If-Match": f'"{seen}"'},
        )

    async def upload(
        self,
        who: Person | Actor,
        ticket: dict[str, Any],
        content: bytes = b"hello",
        name: str = "note.txt",
    ) -> httpx.Response:
        """One file."""
        path = f"/api/tickets/{ticket['id']}/attachments"
        return await self(who, "POST", path, files={"file": (name, content)})

    async def reply(
        self, who: Person | Actor, ticket: dict[str, Any], **over: Any
    ) -> httpx.Response:
        """A reply."""
        body = {"body_html": "<p>We send a new one</p>"} | over
        return await self(who, "POST", f"/api/tickets/{ticket['id']}/reply", json=body)


def zipped(entries: Mapping[str, bytes], *, stored: bool = False) -> bytes:
    """An archive."""
    how = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


class FakeClamd:
    """Speaks clamd's protocol on loopback; finds what holds `EICAR`. It can be stopped, and come
    back on the same port."""

    def __init__(self) -> None:
        self.port = 0
        self.scanned: list[int] = []
        self.answer: bytes | None = None
        """What it says of every file, where that is set."""
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """As a setting has it."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody listens any more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"nINSTREAM\n"
        content = bytearray()
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            content += await reader.readexactly(size)
        self.scanned.append(len(content))
        found = b"stream: Eicar-Signature FOUND\n" if b"EICAR" in content else b"stream: OK\n"
        writer.write(found if self.answer is None else self.answer)
        await writer.drain()
        writer.close()


def fact_of(event: E, topic: Topic, version: int = 1) -> Fact[E]:
    """An event as a consumer's handler gets it."""
    origin = caller_of(Actor("system", "notifier")).origin
    return Fact(
        event=event,
        type=event.TYPE,
        stream_id=new_id(),
        version=version,
        event_id=new_id(),
        at=event.at,
        meta=Meta(actor=origin.actor, correlation_id=origin.correlation_id),
        topic=topic.name,
        partition=0,
        offset=0,
        republished=False,
    )


class MemoryDirectory:
    """Directory without a database; `work` is not looked at."""

    def __init__(self) -> None:
        self._people: dict[UUID, Person] = {}
        self._teams: dict[UUID, Team] = {SUPPORT.id: SUPPORT}

    async def person(self, work: Work, person_id: UUID) -> Person | None:
        """By id."""
        return self._people.get(person_id)

    async def person_by_email(self, work: Work, email: str) -> Person | None:
        """By address; of several the active one."""
        found = [p for p in self._people.values() if p.email.lower() == email.lower()]
        return min(found, key=lambda p: (not p.active, p.id), default=None)

    async def names(self, work: Work, ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Of those who are known."""
        return {i: self._people[i].name for i in ids if i in self._people}

    async def team(self, work: Work, team_id: UUID) -> Team | None:
        """By id."""
        return self._teams.get(team_id)

    async def keep_person(self, work: Work, person: Person) -> None:
        """Insert or replace."""
        self._people[person.id] = person

    async def keep_team(self, work: Work, team: Team) -> None:
        """Insert or replace."""
        self._teams[team.id] = team
