"""Insert a row, or put it in the place of the one with the same key."""

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects.postgresql import insert

from deskstream_eventstore import Statement, compiled


def put(table: Table) -> Statement:
    """A statement with one parameter a column, `b_<column>`."""
    key = list(table.primary_key.columns)
    statement = insert(table).values({c.name: bindparam(f"b_{c.name}") for c in table.c})
    rest = {c.name: statement.excluded[c.name] for c in table.c if c not in key}
    return compiled(statement.on_conflict_do_update(index_elements=key, set_=rest))
