"""A mail came in: it goes where it belongs, or opens a ticket."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from deskstream_chassis.access import Actor, Allow, Role, decide, system
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Origin, Work
from ticketing.application.families import shown_at, stored, survivor_of
from ticketing.application.open_files import OpenFiles
from ticketing.application.ports import Cleaner, Directory, Index, RawBody
from ticketing.application.scan_files import ScanFiles, Waiting
from ticketing.application.tickets import STREAM, Tickets, access_of, after
from ticketing.domain.bodies import Body
from ticketing.domain.changes import Opening, open_ticket
from ticketing.domain.errors import BodyMissing, TeamUnknown
from ticketing.domain.fold import fold
from ticketing.domain.guards import FILES_PER_MESSAGE
from ticketing.domain.mailed_files import MailedPart, sort_files, taken
from ticketing.domain.notes import add_note
from ticketing.domain.people import Person, Team
from ticketing.domain.receiving import Incoming, hold, receive
from ticketing.domain.splitting import link_follow_up
from ticketing.domain.threading import (
    Candidate,
    Match,
    choose,
    newest_first,
    numbers_in,
    root_of,
    takes_part,
)
from ticketing.domain.ticket import Ticket

ACTOR = system("ticketing.mail")
NOTHING_SAID = "(no text)"
UNREADABLE = "(this mail could not be read; the original is attached)"
NO_SUBJECT = "(no subject)"


@dataclass(frozen=True)
class ReceiveMail:
    """A mail as the notifier read it; its texts are clean already."""

    inbound_id: UUID
    mailbox: str
    at: datetime
    subject: str
    body: RawBody
    sender_email: str | None
    sender_name: str | None
    recipients: tuple[str, ...]
    """Addresses of the envelope that are ours, and those of the headers."""
    cc: tuple[str, ...]
    """Who else it went to."""
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    parts: tuple[MailedPart, ...]
    whole: tuple[str, str] | None
    automatic: bool
    authenticated: bool
    unreadable: bool


class Mailroom(Protocol):
    """What ticketing knows of mailboxes."""

    def ticket_of(self, address: str) -> UUID | None:
        """Whom a plus token names; only our own tokens count."""
        ...

    def team_of(self, mailbox: str) -> UUID:
        """The team whose mailbox it is."""
        ...

    def is_ours(self, address: str, mailbox: str) -> bool:
        """Whether an address is the mailbox itself, plus tag or not."""
        ...


class ReceiveMailHandler:
    """Runs inside the consumer's transaction; which ticket it is depends on marks that only we give
    out, and on who takes part."""

    def __init__(
        self,
        tickets: Tickets,
        directory: Directory,
        index: Index,
        clean: Cleaner,
        mailroom: Mailroom,
        opened: OpenFiles,
        scans: ScanFiles,
    ) -> None:
        self._tickets = tickets
        self._directory = directory
        self._index = index
        self._clean = clean
        self._mailroom = mailroom
        self._opened = opened
        self._scans = scans

    async def __call__(self, work: Work, mail: ReceiveMail, origin: Origin) -> None:
        """Never refuses: what fits nowhere opens a ticket."""
        mail = replace(mail, parts=await self._opened.mailed(mail.parts))
        await self._scans.hold(work, [Waiting(p.key, p.size) for p in mail.parts if taken(p)])
        match = await self._match(work, mail)
        if match is None:
            await self._open(work, mail, origin)
            return
        author = await self._author(work, mail, match.ticket)
        if author is not None:
            self._note(work, mail, match.ticket, author, origin)
        elif not match.known:
            self._keep(work, mail, match, origin, held=True)
        elif match.ticket.status == "closed" and not match.ticket.deleted:
            await self._open(work, mail, origin, follows=match.ticket)
        else:
            self._keep(work, mail, match, origin, held=False)

    async def _match(self, work: Work, mail: ReceiveMail) -> Match | None:
        found: list[tuple[Candidate, bool]] = []
        for candidate, named in await self._candidates(work, mail):
            people = await self._index.participants(work, (named.id, candidate.ticket.id))
            known = takes_part(candidate.ticket, mail.sender_email, people)
            found.append((candidate, known or takes_part(named, mail.sender_email)))
        return choose(found)

    async def _candidates(self, work: Work, mail: ReceiveMail) -> list[tuple[Candidate, Ticket]]:
        """With the ticket that the mark names, which may have gone up in another since."""
        found: list[tuple[Candidate, Ticket]] = []
        for address in mail.recipients:
            ticket_id = self._mailroom.ticket_of(address)
            found += await self._named(work, ticket_id)
        for mail_id in newest_first(mail.in_reply_to, mail.references):
            mark = await self._index.ticket_of_mail(work, mail_id)
            if mark is None:
                found += await self._named(work, root_of(mail_id))
                continue
            ticket_id, reply_id = mark
            named = await stored(work, ticket_id)
            shown = await shown_at(work, named, reply_id) if reply_id else None
            home = shown or await survivor_of(work, named)
            found.append((Candidate(home, reply_id), named))
        for number in numbers_in(mail.subject):
            ticket_id = await self._index.by_number(work, number)
            found += await self._named(work, ticket_id, by_number=True)
        return found

    async def _named(
        self, work: Work, ticket_id: UUID | None, *, by_number: bool = False
    ) -> list[tuple[Candidate, Ticket]]:
        facts = await work.load(ticket_id) if ticket_id else []
        named = fold((fact.version, fact.event) for fact in facts)
        if named is None:
            return []
        return [(Candidate(await survivor_of(work, named), by_number=by_number), named)]

    async def _author(self, work: Work, mail: ReceiveMail, ticket: Ticket) -> Person | None:
        """Staff who may work on the ticket, if our mail server vouches for the address."""
        if not (mail.authenticated and mail.sender_email) or mail.automatic:
            return None
        person = await self._directory.person_by_email(work, mail.sender_email)
        if person is None or not person.can_work() or ticket.deleted:
            return None
        actor = Actor("user", str(person.id), Role(person.role or "viewer"), person.teams)
        team = await self._directory.team(work, ticket.team_id)
        allowed = isinstance(decide(actor, "modify", access_of(ticket, team)), Allow)
        return person if allowed else None

    def _note(
        self, work: Work, mail: ReceiveMail, ticket: Ticket, author: Person, origin: Origin
    ) -> None:
        by = f"user:{author.id}"
        files = sort_files(ticket.id, mail.inbound_id, mail.parts, by=by, at=mail.at)
        with_files = after(ticket, files.events)
        note = add_note(
            with_files,
            self._body(mail),
            note_id=mail.inbound_id,
            author_id=author.id,
            attachment_ids=files.taken[:FILES_PER_MESSAGE],
            at=mail.at,
        )
        events = (*files.events, *note)
        work.append(STREAM, ticket.id, ticket.version, events, caused_by=origin)

    def _keep(
        self, work: Work, mail: ReceiveMail, match: Match, origin: Origin, *, held: bool
    ) -> None:
        ticket = match.ticket
        files = sort_files(ticket.id, mail.inbound_id, mail.parts, by=ACTOR.ref, at=mail.at)
        message = self._message(mail, match.answers, files.taken)
        with_files = after(ticket, files.events) if files.events else ticket
        events = (hold if held else receive)(with_files, message, mail.at)
        work.append(STREAM, ticket.id, ticket.version, (*files.events, *events), caused_by=origin)

    def _message(
        self, mail: ReceiveMail, answers: UUID | None, attachment_ids: Sequence[UUID]
    ) -> Incoming:
        key, sha256 = mail.whole or (None, None)
        return Incoming(
            message_id=mail.inbound_id,
            body=self._body(mail),
            sender_email=mail.sender_email,
            sender_name=mail.sender_name,
            answers=answers,
            attachment_ids=attachment_ids,
            inbound_id=mail.inbound_id,
            automatic=mail.automatic,
            whole_key=key,
            whole_sha256=sha256,
        )

    async def _open(
        self, work: Work, mail: ReceiveMail, origin: Origin, follows: Ticket | None = None
    ) -> None:
        ticket_id = new_id()
        files = sort_files(ticket_id, mail.inbound_id, mail.parts, by=ACTOR.ref, at=mail.at)
        opening = Opening(
            ticket_id=ticket_id,
            number=await self._index.next_number(work),
            message_id=mail.inbound_id,
            channel="mail",
            subject=mail.subject.strip() or NO_SUBJECT,
            body=self._body(mail),
            requester_name=mail.sender_name,
            requester_email=mail.sender_email,
            cc=tuple(one for one in mail.cc if not self._mailroom.is_ours(one, mail.mailbox)),
            team=await self._team(work, mail, follows),
            priority="normal",
            tags=(),
            assignee=None,
            by=ACTOR.ref,
            inbound_id=mail.inbound_id,
            automatic=mail.automatic,
            attachment_ids=files.taken,
        )
        events = (*open_ticket(opening, mail.at), *files.events)
        opened = fold(enumerate(events, 1))
        assert opened is not None
        if follows is None:
            work.append(STREAM, ticket_id, 0, events, caused_by=origin)
            return
        onward, back = link_follow_up(follows, opened, mail.at)
        work.append(STREAM, ticket_id, 0, (*events, *back), caused_by=origin)
        work.append(STREAM, follows.id, follows.version, onward, caused_by=origin)

    async def _team(self, work: Work, mail: ReceiveMail, follows: Ticket | None) -> Team:
        wanted = follows.team_id if follows else self._mailroom.team_of(mail.mailbox)
        try:
            return await self._tickets.team(work, wanted)
        except TeamUnknown:
            return Team(wanted, "", restricted=True)

    def _body(self, mail: ReceiveMail) -> Body:
        if mail.unreadable:
            return self._clean(RawBody(text=UNREADABLE))
        try:
            return self._clean(mail.body)
        except BodyMissing:
            html = mail.body.html or ""
            return (
                Body(html, NOTHING_SAID)
                if "<img" in html
                else self._clean(RawBody(text=NOTHING_SAID))
            )
