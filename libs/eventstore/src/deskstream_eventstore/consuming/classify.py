"""What an exception of a handler or of its transaction means."""

from enum import Enum

import asyncpg

from deskstream_eventstore.consumer import Permanent
from deskstream_eventstore.errors import EventTooLarge


class Verdict(Enum):
    """`OUTAGE`: the own database does not answer, never counted as a try. `LOST`: a connection
    broke or a call timed out, which may be an outage or the work itself. `TRANSIENT`: try again.
    `PERMANENT`: trying again cannot help."""

    OUTAGE = "outage"
    LOST = "lost"
    TRANSIENT = "transient"
    PERMANENT = "permanent"


_OUTAGES = ("57P", "53", "58", "25006")
"""SQLSTATE: shutting down or starting up, out of resources, I/O, read-only standby."""
_LOSSES = ("08", "25P03", "25P04")
"""Connection; and the two timeouts of a session in its transaction, which our own slowness ends."""


def verdict(error: BaseException) -> Verdict:
    """Handlers never wait for anything outside, so a socket's error is the own database's."""
    if isinstance(error, Permanent | EventTooLarge | TypeError | AttributeError | ValueError):
        return Verdict.PERMANENT
    if isinstance(error, asyncpg.DataError):
        return Verdict.PERMANENT
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state.startswith(_OUTAGES):
            return Verdict.OUTAGE
        lost = isinstance(error, asyncpg.PostgresConnectionError) or state.startswith(_LOSSES)
        return Verdict.LOST if lost else Verdict.TRANSIENT
    if isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return Verdict.LOST
    return Verdict.TRANSIENT


def from_database(error: BaseException) -> bool:
    """Whether it came out of a call to the database."""
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return True
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("asyncpg."):
            return True
        trace = trace.tb_next
    return False


def code_of(error: BaseException) -> str:
    """A stable code without any text of the error, which may hold personal data."""
    if isinstance(error, Permanent):
        return error.code
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate:
        return f"sql_{error.sqlstate}"
    return type(error).__name__
