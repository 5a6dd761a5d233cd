"""`/api/auth/*` of proofs: stepping up."""

from fastapi import APIRouter, Response

from deskstream_chassis.http.guard import guarded
from gateway.application.app import GatewayApp
from gateway.application.step_up import SteppedUp, StepUp
from gateway.interface.gate.limits import AccountLimit
from gateway.interface.http.cookie import set_session
from gateway.interface.http.factor_schemas import Proof, Proven
from gateway.interface.http.principal import AddressDep, SessionDep, SignedInDep

BODY_LIMIT = 16 * 1024


def factor_router(app: GatewayApp, limit: AccountLimit) -> APIRouter:
    """The routes by which the signed-in prove more than their session."""
    router = APIRouter(prefix="/api/auth", tags=["auth"])

    @router.post("/step-up")
    @guarded("session:own", body_limit=BODY_LIMIT)
    async def step_up(
        body: Proof,
        response: Response,
        caller: SignedInDep,
        session: SessionDep,
        address: AddressDep,
    ) -> Proven:
        """Opens the rows marked `x-step-up` for ten minutes; the session's cookie changes."""
        await limit.take(str(session.user_id))
        done = await caller.once(app.step_up, StepUp(body.password, address), SteppedUp)
        set_session(response, done.token)
        return Proven(expires_at=done.until)

    return router
