"""What helps to write: drafts, signatures, canned responses."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from deskstream_chassis.http.guard import CallerDep, guarded
from ticketing.application.app import TicketingApp
from ticketing.application.writing import CannedResponse, Signature
from ticketing.interface.http.fields import known_response, known_signature, ticket_ref
from ticketing.interface.http.ticket_routes import BODY_LIMIT, TicketId
from ticketing.interface.http.writing import (
    CannedResponseIn,
    CannedResponseOut,
    CannedResponsesOut,
    DraftIn,
    DraftOut,
    DraftQuery,
    DraftsOut,
    ResponsesQuery,
    SignatureIn,
    SignatureOut,
    SignaturesOut,
)

OwnId = Annotated[str, Path(alias="id")]


def draft_router(app: TicketingApp) -> APIRouter:
    """The caller's own drafts."""
    router = APIRouter(tags=["writing"])

    @router.get("/api/tickets/{id}/draft")
    @guarded("ticket:view")
    async def show(ticket: TicketId, caller: CallerDep) -> DraftsOut:
        found = await app.drafts.show(ticket_ref(ticket), caller.actor)
        return DraftsOut(items=[DraftOut.model_validate(one) for one in found])

    @router.put("/api/tickets/{id}/draft")
    @guarded("ticket:modify", body_limit=BODY_LIMIT)
    async def keep(ticket: TicketId, body: DraftIn, caller: CallerDep) -> DraftsOut:
        kept = await app.drafts.keep(body.command(ticket_ref(ticket)), caller)
        return DraftsOut(items=[DraftOut.model_validate(kept)] if kept else [])

    @router.delete("/api/tickets/{id}/draft", status_code=204)
    @guarded("ticket:modify")
    async def discard(
        ticket: TicketId, query: Annotated[DraftQuery, Query()], caller: CallerDep
    ) -> None:
        await app.drafts.discard(ticket_ref(ticket), query.mode, caller)

    return router


def signature_router(app: TicketingApp) -> APIRouter:
    """The caller's own signatures."""
    router = APIRouter(tags=["writing"])

    @router.get("/api/signatures")
    @guarded("session")
    async def listed(caller: CallerDep) -> SignaturesOut:
        found = await app.signatures.list(caller.actor)
        return SignaturesOut(items=[SignatureOut.model_validate(one) for one in found])

    @router.post("/api/signatures", status_code=201)
    @guarded("session", body_limit=BODY_LIMIT)
    async def create(body: SignatureIn, caller: CallerDep) -> SignatureOut:
        made = await caller.once(app.signatures.save, body.command(None), Signature)
        return SignatureOut.model_validate(made)

    @router.put("/api/signatures/{id}")
    @guarded("session", body_limit=BODY_LIMIT)
    async def change(own_id: OwnId, body: SignatureIn, caller: CallerDep) -> SignatureOut:
        command = body.command(known_signature(own_id))
        return SignatureOut.model_validate(await app.signatures.save(command, caller))

    @router.delete("/api/signatures/{id}", status_code=204)
    @guarded("session")
    async def remove(own_id: OwnId, caller: CallerDep) -> None:
        await app.signatures.remove(known_signature(own_id), caller)

    return router


def canned_router(app: TicketingApp) -> APIRouter:
    """The desk's canned responses."""
    router = APIRouter(tags=["writing"])

    @router.get("/api/canned-responses")
    @guarded("session")
    async def listed(
        query: Annotated[ResponsesQuery, Query()], caller: CallerDep
    ) -> CannedResponsesOut:
        about = None if query.ticket is None else ticket_ref(query.ticket)
        found = await app.canned_responses.list(caller.actor, about)
        return CannedResponsesOut(items=[CannedResponseOut.model_validate(one) for one in found])

    @router.post("/api/canned-responses", status_code=201)
    @guarded("role:manager", body_limit=BODY_LIMIT)
    async def create(body: CannedResponseIn, caller: CallerDep) -> CannedResponseOut:
        made = await caller.once(app.canned_responses.save, body.command(None), CannedResponse)
        return CannedResponseOut.model_validate(made)

    @router.put("/api/canned-responses/{id}")
    @guarded("role:manager", body_limit=BODY_LIMIT)
    async def change(own_id: OwnId, body: CannedResponseIn, caller: CallerDep) -> CannedResponseOut:
        command = body.command(known_response(own_id))
        return CannedResponseOut.model_validate(await app.canned_responses.save(command, caller))

    @router.delete("/api/canned-responses/{id}", status_code=204)
    @guarded("role:manager")
    async def remove(own_id: OwnId, caller: CallerDep) -> None:
        await app.canned_responses.remove(known_response(own_id), caller)

    return router
