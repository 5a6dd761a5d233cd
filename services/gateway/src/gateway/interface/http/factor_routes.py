"""`/api/auth/*` of the second factor: the second step of a sign-in, setting one, stepping up."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from deskstream_chassis.http.guard import guarded
from gateway.application.app import GatewayApp
from gateway.application.enable_factor import EnabledFactor, EnableFactor
from gateway.application.offer_factor import OfferedFactor, OfferFactor
from gateway.application.open_session import SignedIn
from gateway.application.recognise_device import RecogniseDevice
from gateway.application.step_up import SteppedUp, StepUp
from gateway.application.verify_factor import VerifyFactor
from gateway.domain.device import device_of
from gateway.interface.gate.limits import AccountLimit
from gateway.interface.http.cookie import (
    PENDING,
    clear_pending,
    set_session,
    set_signed_in,
)
from gateway.interface.http.factor_schemas import (
    FactorEnabled,
    FactorOffered,
    FactorSetup,
    Proof,
    Proven,
    SecondStep,
)
from gateway.interface.http.principal import (
    AddressDep,
    AnySessionDep,
    CookiesDep,
    DeviceDep,
    SessionDep,
    SignedInDep,
    VisitorDep,
)
from gateway.interface.http.schemas import SignedInAnswer

BODY_LIMIT = 16 * 1024


def factor_router(app: GatewayApp, limit: AccountLimit) -> APIRouter:
    """The routes by which one proves more than an address and a password, or a session."""
    router = APIRouter(prefix="/api/auth", tags=["auth"])

    @router.post("/factor/verify")
    @guarded("public", reason="the pending sign-in and a code are the proof", body_limit=BODY_LIMIT)
    async def verify(
        body: SecondStep,
        response: Response,
        caller: VisitorDep,
        session: AnySessionDep,
        cookies: CookiesDep,
        address: AddressDep,
        device: DeviceDep,
        agent: Annotated[str, Header(alias="user-agent", include_in_schema=False)] = "",
    ) -> SignedInAnswer:
        """Opens the session of a pending sign-in; the one whose cookie came along ends. A device
        that is known for its account was counted alone, at the gate."""
        pending = body.pending or cookies.get(PENDING, "")
        known = device is not None and await app.recognise_device(
            RecogniseDevice(device, pending=pending), caller
        )
        if device is not None and not known:
            await limit.take_address(address)
        command = VerifyFactor(
            pending,
            body.code,
            address,
            replaces=session.session_id if session else None,
            device=device_of(agent),
            device_token=device,
        )
        opened = await caller.once(app.verify_factor, command, SignedIn)
        set_signed_in(response, opened)
        if PENDING in cookies:
            clear_pending(response)
        return SignedInAnswer.of(opened)

    @router.post("/factor")
    @guarded("session:own", body_limit=BODY_LIMIT)
    async def factor(
        body: FactorSetup,
        response: Response,
        caller: SignedInDep,
        session: SessionDep,
        address: AddressDep,
    ) -> FactorOffered | FactorEnabled:
        """Without a code: a fresh secret, after a fresh proof. With its first code: it is the
        second factor; every other session of the account ends, this one's cookie changes."""
        if body.code is None:
            offer = OfferFactor(session.proven_at)
            offered = await caller.once(app.offer_factor, offer, OfferedFactor)
            return FactorOffered(secret=offered.secret, uri=offered.uri)
        enable = EnableFactor(body.code, address)
        enabled = await caller.once(app.enable_factor, enable, EnabledFactor)
        set_session(response, enabled.token)
        return FactorEnabled(recovery_codes=list(enabled.recovery_codes))

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
        command = StepUp(address, body.code, body.password)
        done = await caller.once(app.step_up, command, SteppedUp)
        set_session(response, done.token)
        return Proven(expires_at=done.until)

    return router
