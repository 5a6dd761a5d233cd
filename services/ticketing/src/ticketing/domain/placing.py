"""Where the messages of the time between a merge and its undoing are at home (04-domain.md §1).

A customer's message goes by the message it replies to, else by the participant that only one side
has, else to the survivor; what staff wrote follows what it answers, else stays.
"""

from uuid import UUID

from ticketing.domain.family import Family, Held, held_by, whole
from ticketing.domain.ticket import Ticket


def placed(survivor: Ticket, loser: Ticket, family: Family) -> tuple[list[Held], list[Held]]:
    """(at home with the loser, with the survivor), each in the order of time."""
    known = survivor.absorbed[loser.id].known
    theirs = {m.id for m in whole(loser, family).messages}
    ours = {m.id for m in whole(survivor, family).messages} - theirs
    between = sorted(
        (held for held in held_by(survivor, family) if held[0].id not in known),
        key=lambda held: held[0].at,
    )
    ours -= {message.id for message, _ in between}
    only_theirs = _people(loser, family) - _people(survivor, family, without=loser.id)
    only_ours = _people(survivor, family, without=loser.id) - _people(loser, family)
    home: list[Held] = []
    stays: list[Held] = []
    for held in between:
        message = held[0]
        if message.answers in theirs:
            goes = True
        elif message.answers in ours or message.kind != "customer":
            goes = False
        else:
            sender = (message.sender or "").casefold()
            goes = sender in only_theirs and sender not in only_ours
        (theirs if goes else ours).add(message.id)
        (home if goes else stays).append(held)
    return home, stays


def _people(ticket: Ticket, family: Family, *, without: UUID | None = None) -> frozenset[str]:
    own = {address.casefold() for address in (ticket.requester_email, *ticket.cc) if address}
    for loser in ticket.absorbed:
        if loser != without:
            own |= _people(family[loser], family)
    return frozenset(own)
