"""API keys."""

from typing import Annotated

from fastapi import APIRouter, Path

from deskstream_chassis.http.guard import CallerDep, policy_router
from deskstream_chassis.http.problem import Problem
from deskstream_eventstore import AnswerNotKept, retrying
from gateway.application.app import GatewayApp
from gateway.application.create_key import CreateKey
from gateway.application.revoke_key import RevokeKey
from gateway.interface.http.schemas import KeyAnswer, Keys, NewKey, NewKeyAnswer


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
        try:
            made = await retrying(lambda: app.create_key(command, caller))
        except AnswerNotKept:
            raise Problem(409, "shown_once", detail="the key exists; it is shown once") from None
        return NewKeyAnswer(**KeyAnswer.of(made.key).model_dump(), secret=made.secret)

    @router.delete("/{id}", status_code=204)
    async def revoke(
        key_id: Annotated[str, Path(alias="id", pattern=r"^[0-9A-Za-z]{12}$")], caller: CallerDep
    ) -> None:
        """It never works again."""
        await caller.once(app.revoke_key, RevokeKey(key_id), type(None))

    return router
