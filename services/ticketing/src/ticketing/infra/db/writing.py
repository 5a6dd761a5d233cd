"""Drafts, signatures, canned responses."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from deskstream_eventstore import Conflict, Statement, Work, compiled
from ticketing.application.writing import CannedResponse, Draft, Mode, Signature
from ticketing.infra.db.tables import canned_response, draft, signature


def _put(table: Table) -> Statement:
    new = insert(table).values({c.name: bindparam(f"b_{c.name}") for c in table.c})
    keys = [c.name for c in table.primary_key]
    rest = {c.name: new.excluded[c.name] for c in table.c if c.name not in keys}
    return compiled(new.on_conflict_do_update(index_elements=keys, set_=rest))


def _bound(row: object) -> dict[str, Any]:
    return {
        f"b_{name}": list(value) if isinstance(value, tuple) else value
        for name, value in vars(row).items()
    }


_of_ticket = (draft.c.ticket_id == bindparam("b_ticket_id")) & (
    draft.c.user_id == bindparam("b_user_id")
)
DRAFTS = compiled(select(draft).where(_of_ticket).order_by(draft.c.mode))
KEEP_DRAFT = _put(draft)
DROP_DRAFTS = compiled(delete(draft).where(_of_ticket))
DROP_DRAFT = compiled(delete(draft).where(_of_ticket, draft.c.mode == bindparam("b_mode")))

_own = signature.c.user_id == bindparam("b_user_id")
SIGNATURES = compiled(select(signature).where(_own).order_by(signature.c.name, signature.c.id))
KEEP_SIGNATURE = _put(signature)
NOT_DEFAULT = compiled(
    update(signature)
    .where(_own, signature.c.is_default, signature.c.id != bindparam("b_id"))
    .values(is_default=False)
)
DROP_SIGNATURE = compiled(
    delete(signature).where(_own, signature.c.id == bindparam("b_id")).returning(signature.c.id)
)

RESPONSES = compiled(
    select(canned_response).order_by(canned_response.c.title, canned_response.c.id)
)
RESPONSE = compiled(select(canned_response).where(canned_response.c.id == bindparam("b_id")))
KEEP_RESPONSE = _put(canned_response)
DROP_RESPONSE = compiled(
    delete(canned_response)
    .where(canned_response.c.id == bindparam("b_id"))
    .returning(canned_response.c.id)
)


class PostgresDrafts:
    """Drafts over `draft`."""

    async def of(self, work: Work, ticket_id: UUID, user_id: UUID) -> Sequence[Draft]:
        """By mode."""
        rows = await DRAFTS.fetch(work, b_ticket_id=ticket_id, b_user_id=user_id)
        return [_draft(row) for row in rows]

    async def keep(self, work: Work, draft: Draft) -> None:
        """One statement."""
        await KEEP_DRAFT.execute(work, **_bound(draft))

    async def drop(self, work: Work, ticket_id: UUID, user_id: UUID, mode: Mode | None) -> None:
        """One statement."""
        if mode is None:
            await DROP_DRAFTS.execute(work, b_ticket_id=ticket_id, b_user_id=user_id)
        else:
            await DROP_DRAFT.execute(work, b_ticket_id=ticket_id, b_user_id=user_id, b_mode=mode)


class PostgresSignatures:
    """Signatures over `signature`; a partial unique index holds the one default."""

    async def of(self, work: Work, user_id: UUID) -> Sequence[Signature]:
        """By name."""
        return [Signature(**row) for row in await SIGNATURES.fetch(work, b_user_id=user_id)]

    async def keep(self, work: Work, signature: Signature) -> None:
        """The old default first. Raises Conflict where another default is written at once."""
        if signature.is_default:
            await NOT_DEFAULT.execute(work, b_user_id=signature.user_id, b_id=signature.id)
        try:
            await KEEP_SIGNATURE.execute(work, **_bound(signature))
        except asyncpg.UniqueViolationError:
            raise Conflict("two default signatures at once") from None

    async def drop(self, work: Work, user_id: UUID, signature_id: UUID) -> bool:
        """By id and owner."""
        gone = await DROP_SIGNATURE.value(work, b_user_id=user_id, b_id=signature_id)
        return gone is not None


class PostgresCannedResponses:
    """CannedResponses over `canned_response`."""

    async def all(self, work: Work) -> Sequence[CannedResponse]:
        """By title."""
        return [CannedResponse(**row) for row in await RESPONSES.fetch(work)]

    async def get(self, work: Work, response_id: UUID) -> CannedResponse | None:
        """By id."""
        row = await RESPONSE.row(work, b_id=response_id)
        return None if row is None else CannedResponse(**row)

    async def keep(self, work: Work, response: CannedResponse) -> None:
        """One statement."""
        await KEEP_RESPONSE.execute(work, **_bound(response))

    async def drop(self, work: Work, response_id: UUID) -> bool:
        """By id."""
        return await DROP_RESPONSE.value(work, b_id=response_id) is not None


def _draft(row: asyncpg.Record) -> Draft:
    return Draft(
        **{
            **row,
            "cc": None if row["cc"] is None else tuple(row["cc"]),
            "attachment_ids": tuple(row["attachment_ids"]),
        }
    )
