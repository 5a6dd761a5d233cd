"""Who may see a ticket, known in a service that does not own tickets: facts, tables, following."""

from deskstream_chassis.replica.facts import TicketFacts, follow
from deskstream_chassis.replica.store import FOLLOWED, KnownTicket, TicketReplica
from deskstream_chassis.replica.tables import ReplicaTables, replica_tables

__all__ = [
    "FOLLOWED",
    "KnownTicket",
    "ReplicaTables",
    "TicketFacts",
    "TicketReplica",
    "follow",
    "replica_tables",
]
