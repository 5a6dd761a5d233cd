"""Finding tickets by words: the condition of a list."""

from sqlalchemy import ColumnElement, cast, false, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY

from ticketing.domain.words import words_of
from ticketing.infra.db.tables import search_text, ticket

WORDS = 12
"""More words than this make a search no sharper."""


def found_by(wanted: str, *, notes: bool) -> ColumnElement[bool]:
    """Tickets that have the number, or show a message with all the words (each may be the beginning
    of one); internal notes count only with `notes`. Where a ticket went up in another, that one is
    found, chains followed."""
    number = wanted.strip().removeprefix("#")
    words = _found(wanted, notes=notes)
    if number.isascii() and number.isdecimal() and len(number) < 10:
        return or_(ticket.c.number == int(number), words)
    return words


def _found(wanted: str, *, notes: bool) -> ColumnElement[bool]:
    words = words_of(wanted)[:WORDS]
    if not words:
        return false()
    query = cast(" & ".join(f"'{word}':*" for word in words), TSQUERY)
    hits = select(search_text.c.ticket_id.label("id")).where(search_text.c.words.op("@@")(query))
    if not notes:
        hits = hits.where(search_text.c.internal.is_(False))
    shown = hits.cte("shown", recursive=True)
    onward = ticket.alias("onward")
    shown = shown.union(
        select(onward.c.merged_into)
        .join(shown, onward.c.id == shown.c.id)
        .where(onward.c.merged_into.is_not(None))
    )
    return ticket.c.id.in_(select(shown.c.id))
