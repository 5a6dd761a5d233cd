"""Where a service keeps the replica: three tables of its own schema."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, MetaData, Table, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY

from deskstream_chassis.access import AccessColumns


@dataclass(frozen=True)
class ReplicaTables:
    """`ticket`: facts by ticket; `team`: whether a team is restricted; `contact`: up to when what
    is known is complete, by consumer."""

    ticket: Table
    team: Table
    contact: Table

    def columns(self) -> AccessColumns:
        """For `access_predicate`, where `ticket` is joined with `team`."""
        ticket = self.ticket.c
        return AccessColumns(
            ticket.team_id,
            self.team.c.restricted,
            ticket.assignee_id,
            ticket.shared,
            ticket.deleted,
            ticket.opened_by,
        )


def replica_tables(metadata: MetaData) -> ReplicaTables:
    """Define them among a service's own; its migrations create them (`create_all` of these)."""
    ticket = Table(
        "ticket_access",
        metadata,
        Column("ticket_id", Uuid, primary_key=True),
        Column("number", BigInteger, nullable=False, unique=True),
        Column("team_id", Uuid, nullable=False),
        Column("opened_by", Text, nullable=False),
        Column("assignee_id", Uuid),
        Column("shared", ARRAY(Uuid), nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("aside", Boolean, nullable=False),
        Column("unsolved", Boolean, nullable=False),
        Index(
            "ticket_access_open",
            "assignee_id",
            "ticket_id",
            postgresql_where=sql("unsolved and not aside and not deleted"),
        ),
    )
    team = Table(
        "team_access",
        metadata,
        Column("team_id", Uuid, primary_key=True),
        Column("restricted", Boolean, nullable=False),
    )
    contact = Table(
        "replica_contact",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("as_of", DateTime(timezone=True), nullable=False),
    )
    return ReplicaTables(ticket, team, contact)
