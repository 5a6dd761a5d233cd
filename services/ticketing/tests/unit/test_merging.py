"""Merging and its undoing: laws 1 and 2 of tickets, on the pure domain."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.domain.changes import Changes, change
from ticketing.domain.errors import TicketClosed, TicketDeleted, TicketingError, TicketIsSpam
from ticketing.domain.family import whole
from ticketing.domain.merging import Side, merge, unmerge
from ticketing.domain.merging_errors import (
    MergeIntoItself,
    NotMerged,
    SplitInvalid,
    TicketMerged,
    UnmergeFirst,
)
from ticketing.domain.notes import add_note
from ticketing.domain.people import Team
from ticketing.domain.receiving import Incoming, receive
from ticketing.domain.removal import delete, mark_spam
from ticketing.domain.replies import Draft, queue_reply
from ticketing.domain.splitting import split
from ticketing.domain.ticket import Ticket
from ticketing.domain.transitions import move
from ticketing.testing import CREDIT, SUPPORT, body, folded, later, opened, person

BY = "user:1"
UNDO = timedelta(seconds=10)
AGENT = person(1)


@dataclass
class World:
    """Some tickets and all that was ever written, moved by commands."""

    teams: dict[UUID, Team] = field(default_factory=dict)
    tickets: dict[UUID, Ticket] = field(default_factory=dict)
    written: set[UUID] = field(default_factory=set)
    clock: int = 0

    def now(self):
        self.clock += 1
        return later(self.clock)

    def open(self, n: int, team: Team = SUPPORT) -> UUID:
        ticket_id, first = UUID(int=1000 + n), UUID(int=2000 + n)
        event = opened(
            ticket_id=ticket_id,
            number=n,
            message_id=first,
            requester_email=f"c{n}@customer.test",
            cc_emails=(f"cc{n}@customer.test", "both@customer.test"),
            team_id=team.id,
            at=self.now(),
        )
        self.tickets[ticket_id] = folded([event])
        self.teams[team.id] = team
        self.written.add(first)
        return ticket_id

    def apply(self, ticket_id: UUID, events) -> None:
        if events:
            self.tickets[ticket_id] = folded(events, self.tickets[ticket_id])

    def whole(self, ticket_id: UUID) -> Ticket:
        return whole(self.tickets[ticket_id], self.tickets)

    def shown(self, ticket_id: UUID) -> set[UUID]:
        messages = [m.id for m in self.whole(ticket_id).messages]
        assert len(messages) == len(set(messages))
        return set(messages)

    def side(self, ticket_id: UUID) -> Side:
        ticket = self.tickets[ticket_id]
        return Side(ticket, self.teams[ticket.team_id], AGENT if ticket.assignee_id else None)

    def survivor(self, ticket_id: UUID) -> UUID:
        seen = set()
        while (onward := self.tickets[ticket_id].merged_into) is not None:
            assert ticket_id not in seen, "a cycle"
            seen.add(ticket_id)
            ticket_id = onward
        return ticket_id

    def assign(self, ticket_id: UUID) -> None:
        ticket, wanted = self.tickets[ticket_id], Changes(assignee=AGENT)
        at = self.now()
        self.apply(ticket_id, change(ticket, wanted, team=SUPPORT, assignee=None, by=BY, at=at))

    def merge(self, loser: UUID, survivor: UUID) -> None:
        both = merge(self.side(loser), self.side(survivor), by=BY, at=self.now())
        self.apply(loser, both.loser)
        self.apply(survivor, both.survivor)

    def unmerge(self, loser: UUID) -> None:
        survivor = self.tickets[loser].merged_into
        if survivor is None:
            return
        both = unmerge(
            self.tickets[loser],
            self.tickets[survivor],
            self.tickets,
            before=AGENT,
            by=BY,
            reason=None,
            at=self.now(),
        )
        self.apply(loser, both.loser)
        self.apply(survivor, both.survivor)

    def write(self, ticket_id: UUID, sender: str | None, answers: UUID | None = None) -> UUID:
        target, message = self.survivor(ticket_id), UUID(int=10_000 + len(self.written))
        mail = Incoming(message, body(), sender_email=sender, answers=answers)
        self.apply(target, receive(self.tickets[target], mail, self.now()))
        self.written.add(message)
        return message

    def reply(self, ticket_id: UUID, answers: UUID | None, then=None) -> UUID:
        target, reply = self.survivor(ticket_id), UUID(int=10_000 + len(self.written))
        draft = Draft(body(), then=then)
        events = queue_reply(
            self.whole(target), draft, reply_id=reply, author=AGENT, at=self.now(), undo=UNDO
        )
        queued = events[0].model_copy(update={"answers": answers})
        self.apply(target, (queued, *events[1:]))
        self.written.add(reply)
        return reply

    def note(self, ticket_id: UUID) -> UUID:
        target, note = self.survivor(ticket_id), UUID(int=10_000 + len(self.written))
        events = add_note(
            self.whole(target),
            body(),
            note_id=note,
            author_id=AGENT.id,
            attachment_ids=(),
            at=self.now(),
        )
        self.apply(target, events)
        self.written.add(note)
        return note

    def split(self, ticket_id: UUID, messages, n: int) -> None:
        target = UUID(int=1000 + n)
        events, opening = split(
            self.tickets[ticket_id],
            self.tickets,
            messages,
            target_id=target,
            number=n,
            subject=None,
            assignee=None,
            by=BY,
            at=self.now(),
        )
        self.apply(ticket_id, events)
        self.tickets[target] = folded(opening)


def two(team: Team = SUPPORT):
    world = World()
    world.teams[CREDIT.id] = CREDIT
    return world, world.open(1, team), world.open(2)


KINDS = ("c1", "cc1", "c2", "both", "stranger", "note", "reply", "answer")
BETWEEN = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 30)), max_size=10)
SAME = ("priority", "team_id", "tags", "cc", "requester_email", "number", "subject", "shared")


@dataclass
class Between:
    """The oracle of law 1: with each message it is told where that belongs."""

    world: World
    loser: UUID
    survivor: UUID
    homes: dict[UUID, set[UUID]]
    waits: bool = False
    """The last public message of the loser's is the customer's."""

    def come(self, kind: str, n: int) -> None:
        side, message = self._written(kind, n)
        self.homes[side].add(message)
        if side == self.loser and kind != "note":
            self.waits = kind != "reply"

    def _written(self, kind: str, n: int) -> tuple[UUID, UUID]:
        world, both = self.world, (self.loser, self.survivor)
        if kind == "note":
            return self.survivor, world.note(self.loser)
        if kind in ("reply", "answer"):
            side = both[n % 2]
            answered = sorted(self.homes[side])[n % len(self.homes[side])]
            if kind == "reply":
                return side, world.reply(self.survivor, answered)
            return side, world.write(self.loser, "both@customer.test", answered)
        side = self.loser if kind in ("c1", "cc1") else self.survivor
        return side, world.write(self.survivor, f"{kind}@customer.test")


@settings(max_examples=200)
@given(before=BETWEEN, between=BETWEEN, then=st.sampled_from([None, "wait", "solve"]))
def test_unmerging_gives_both_tickets_back_whatever_came_between(before, between, then):
    """Law 1."""
    world, loser, survivor = two()
    homes = {one: world.shown(one) for one in (loser, survivor)}
    for n, (kind, _) in enumerate(before):
        side, sender = (loser, "c1") if kind in ("c1", "cc1") else (survivor, "c2")
        homes[side].add(world.write(side, f"{sender}@customer.test"))
        if n == 2:
            homes[loser].add(world.reply(loser, None, then))
    old = dict(world.tickets)
    world.merge(loser, survivor)
    assert world.shown(survivor) == homes[loser] | homes[survivor] == world.written
    told = Between(world, loser, survivor, homes)
    for kind, n in between:
        told.come(kind, n)
    world.unmerge(loser)
    assert {one: world.shown(one) for one in (loser, survivor)} == homes
    for one, ticket in world.tickets.items():
        for name in SAME:
            assert getattr(ticket, name) == getattr(old[one], name), name
        assert (ticket.aside, ticket.merged_into, ticket.absorbed) == (None, None, {})
    assert world.tickets[loser].assignee_id == old[loser].assignee_id
    reopened = told.waits and old[loser].status not in ("new", "open")
    assert world.tickets[loser].status == ("open" if reopened else old[loser].status)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "unmerge", "write", "reply", "note", "split"]),
        st.integers(0, 5),
        st.integers(0, 40),
    ),
    max_size=30,
)


@settings(max_examples=300)
@given(ACTS)
def test_every_message_is_shown_by_exactly_one_ticket_and_no_merge_makes_a_cycle(acts):
    """Law 2, with splits and undoings among the merges."""
    world = World()
    for n in range(1, 5):
        world.open(n)
    for act, n, m in acts:
        ids = sorted(world.tickets)
        one, other = ids[n % len(ids)], ids[m % len(ids)]
        try:
            if act == "merge":
                world.merge(one, other)
            elif act == "unmerge":
                world.unmerge(one)
            elif act == "write":
                answers = sorted(world.written)[m % len(world.written)]
                world.write(one, f"c{n}@customer.test", answers if m % 2 else None)
            elif act == "reply":
                world.reply(one, sorted(world.written)[m % len(world.written)])
            elif act == "note":
                world.note(one)
            else:
                own = sorted(world.shown(one))
                world.split(one, own[: m % 4 + 1], 100 + len(world.tickets))
        except TicketingError:
            continue
        standing = [i for i, ticket in world.tickets.items() if ticket.aside is None]
        shown = [message for i in standing for message in world.shown(i)]
        assert sorted(shown) == sorted(world.written)
        assert all(world.survivor(i) in standing for i in world.tickets)
        for i, ticket in world.tickets.items():
            onward = ticket.merged_into
            assert onward is None or i in world.tickets[onward].absorbed


def test_of_two_crossing_merges_the_second_meets_a_merged_ticket():
    world, one, other = two()
    crossing = merge(world.side(other), world.side(one), by=BY, at=later(9))
    world.merge(one, other)
    assert crossing.loser[0].ticket_id == other
    with pytest.raises(TicketMerged):
        world.merge(other, one)


def test_what_may_not_be_merged_is_refused():
    world, one, other = two()
    with pytest.raises(MergeIntoItself):
        world.merge(one, one)
    with pytest.raises(NotMerged):
        unmerge(
            world.tickets[one],
            world.tickets[other],
            world.tickets,
            before=None,
            by=BY,
            reason=None,
            at=later(9),
        )
    fresh = world.tickets[other]
    world.apply(other, mark_spam(fresh, BY, later(3)))
    with pytest.raises(TicketIsSpam):
        world.merge(one, other)
    world.tickets[other] = folded(delete(fresh, BY, later(3)), fresh)
    with pytest.raises(TicketDeleted):
        world.merge(other, one)
    world.tickets[other] = fresh
    world.assign(other)
    world.apply(other, move(world.tickets[other], "closed", later(4)))
    for pair in ((one, other), (other, one)):
        with pytest.raises(TicketClosed):
            world.merge(*pair)


def test_merging_again_into_the_same_says_nothing():
    world, one, other = two()
    world.merge(one, other)
    versions = {i: t.version for i, t in world.tickets.items()}
    world.merge(one, other)
    assert {i: t.version for i, t in world.tickets.items()} == versions


def test_an_outer_merge_is_undone_before_an_inner_one():
    world, one, other = two()
    third = world.open(3)
    world.merge(one, other)
    world.merge(other, third)
    with pytest.raises(UnmergeFirst):
        world.unmerge(one)
    message = world.write(one, "c1@customer.test")
    world.unmerge(other)
    assert message in world.shown(other)
    world.unmerge(one)
    assert message in world.shown(one)


def test_a_restricted_loser_takes_the_survivor_into_its_team_and_back():
    world, one, other = two(CREDIT)
    taken = change(
        world.tickets[other],
        Changes(assignee=AGENT),
        team=SUPPORT,
        assignee=None,
        by=BY,
        at=later(3),
    )
    world.apply(other, taken)
    world.merge(one, other)
    survivor = world.tickets[other]
    assert (survivor.team_id, survivor.assignee_id) == (CREDIT.id, None)
    world.unmerge(one)
    survivor = world.tickets[other]
    assert (survivor.team_id, survivor.assignee_id) == (SUPPORT.id, AGENT.id)


def test_what_was_written_while_restricted_and_stays_keeps_the_survivor_restricted():
    world, one, other = two(CREDIT)
    world.merge(one, other)
    world.note(other)
    world.unmerge(one)
    assert world.tickets[other].team_id == CREDIT.id


def test_a_merged_ticket_takes_nothing_of_its_own():
    world, one, other = two()
    world.merge(one, other)
    ticket = world.tickets[one]
    assert ticket.standing == "merged"
    for attempt in (
        lambda: change(
            ticket, Changes(status="open"), team=SUPPORT, assignee=None, by=BY, at=later(9)
        ),
        lambda: delete(ticket, BY, later(9)),
        lambda: receive(ticket, Incoming(UUID(int=1), body()), later(9)),
    ):
        with pytest.raises(TicketMerged) as refused:
            attempt()
        assert refused.value.extra["into"] == str(other)


def test_a_split_needs_own_messages_one_of_the_customers_that_goes_and_one_that_stays():
    world, one, other = two()
    world.merge(one, other)
    first = UUID(int=2002)
    second, note = world.write(other, "c2@customer.test"), world.note(other)
    for wrong in ([UUID(int=2001)], [note], [first, second]):
        with pytest.raises(SplitInvalid):
            world.split(other, wrong, 50)
    world.split(other, [second, note], 50)
    target = UUID(int=1050)
    assert world.shown(target) == {second, note}
    assert world.tickets[target].requester_email == "c2@customer.test"
    world.merge(target, other)
    assert world.shown(other) == world.written
