"""API keys."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path

from deskstream_chassis.http.guard import CallerDep, policy_router
from deskstream_chassis.http.problem import Problem
from deskstream_eventstore import AnswerNotKept, retrying
from gateway.application.app import GatewayApp
from gateway.application.create_key import CreatedKey, CreateKey
from gateway.application.revoke_key import RevokeKey
from gateway.application.rotate_key import RotateKey
from gateway.interface.http.key_schemas import KeyAnswer, KeyRotation, Keys, NewKey, NewKeyAnswer

KeyId = Annotated[str, Path(alias="id", pattern=r"^[0-9A-Za-z]{12}$")]


def key_router(app: GatewayApp) -> APIRouter:
    """The routes of keys, for admins."""
    router = policy_router("role:admin", prefix="/api/keys", tags=["keys"])

    @router.get("")
    async def keys() -> Keys:
        """All keys, oldest first; never a secret."""
        return Keys(items=[KeyAnswer.of(key) for key in await app.queries.keys()])

    @router.post("", status_code=201)
    async def create(body: NewKey, caller: CallerDep) -> NewKeyAnswer:
        """A key, its secret shown this once: a repeat under the same Idempotency-Key is 409."""
        command = CreateKey(body.name, tuple(body.scopes), body.expires_at, body.rate_per_minute)
        return await _shown_once(lambda: app.create_key(command, caller))

    @router.post("/{id}/rotate")
    async def rotate(key_id: KeyId, body: KeyRotation, caller: CallerDep) -> NewKeyAnswer:
        """Another secret, shown this once; the one before works for the overlap, a day at most."""
        overlap = timedelta(seconds=body.overlap_seconds)
        command = RotateKey(key_id, overlap)
        return await _shown_once(lambda: app.rotate_key(command, caller))

    @router.delete("/{id}", status_code=204)
    async def revoke(key_id: KeyId, caller: CallerDep) -> None:
        """It never works again."""
        await caller.once(app.revoke_key, RevokeKey(key_id), type(None))

    return router


async def _shown_once(make: Callable[[], Awaitable[CreatedKey]]) -> NewKeyAnswer:
    try:
        made = await retrying(make)
    except AnswerNotKept:
        raise Problem(409, "shown_once", detail="it was done; the secret is shown once") from None
    return NewKeyAnswer(**KeyAnswer.of(made.key).model_dump(), secret=made.secret)
