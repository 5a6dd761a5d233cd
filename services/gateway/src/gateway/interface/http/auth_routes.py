"""`/api/auth/*`: joining, signing in and out, the own password."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from deskstream_chassis.http.guard import guarded
from deskstream_eventstore import retrying
from gateway.application.app import GatewayApp
from gateway.application.change_password import ChangePassword
from gateway.application.open_session import PendingSignIn
from gateway.application.recognise_device import RecogniseDevice
from gateway.application.register_user import RegisterUser
from gateway.application.resend_verification import ResendVerification
from gateway.application.sign_in import SignIn
from gateway.application.sign_out import SignOut
from gateway.domain.device import device_of
from gateway.interface.gate.limits import AccountLimit
from gateway.interface.http.cookie import clear_session, set_session, set_signed_in
from gateway.interface.http.even_time import even_time
from gateway.interface.http.factor_schemas import SignInPending
from gateway.interface.http.principal import (
    AddressDep,
    AnySessionDep,
    DeviceDep,
    SessionDep,
    SignedInDep,
    VisitorDep,
)
from gateway.interface.http.schemas import (
    Accepted,
    Address,
    Credentials,
    PasswordChange,
    Registration,
    SignedInAnswer,
)

AUTH_BODY_LIMIT = 16 * 1024


def auth_router(app: GatewayApp, limit: AccountLimit) -> APIRouter:
    """The routes before a session, and of its beginning and end."""
    router = APIRouter(prefix="/api/auth", tags=["auth"])

    @router.post("/register", status_code=202)
    @guarded("public", reason="whoever works here asks for an account", body_limit=AUTH_BODY_LIMIT)
    async def register(body: Registration, caller: VisitorDep, address: AddressDep) -> Accepted:
        """A verification mail goes out; the answer is the same for a known address."""
        await limit.take(body.email)
        command = RegisterUser(body.email, body.name, body.password, address)
        async with even_time():
            await caller.once(app.register_user, command, type(None))
        return Accepted()

    @router.post("/resend-verification", status_code=202)
    @guarded("public", reason="the mail may have been lost", body_limit=AUTH_BODY_LIMIT)
    async def resend(body: Address, caller: VisitorDep, address: AddressDep) -> Accepted:
        """Another mail, where an account waits for one; the answer is always the same."""
        await limit.take(body.email)
        command = ResendVerification(body.email, address)
        async with even_time():
            await caller.once(app.resend_verification, command, type(None))
        return Accepted()

    @router.post("/login")
    @guarded("public", reason="nobody is signed in before", body_limit=AUTH_BODY_LIMIT)
    async def login(
        body: Credentials,
        response: Response,
        caller: VisitorDep,
        session: AnySessionDep,
        address: AddressDep,
        device: DeviceDep,
        agent: Annotated[str, Header(alias="user-agent", include_in_schema=False)] = "",
    ) -> SignedInAnswer | SignInPending:
        """Opens a session, and the one whose cookie came along ends; or asks for the second factor
        where one is set. A device that is known for the account was counted alone, at the gate."""
        known = device is not None and await app.recognise_device(
            RecogniseDevice(device, email=body.email), caller
        )
        if not known:
            if device is not None:
                await limit.take_address(address)
            await limit.take(body.email)
        command = SignIn(
            body.email,
            body.password,
            address,
            replaces=session.session_id if session else None,
            device=device_of(agent),
            device_token=device,
            stranger=not known,
        )
        found = await retrying(lambda: app.sign_in(command, caller))
        if isinstance(found, PendingSignIn):
            return SignInPending(pending=found.token, expires_at=found.expires_at)
        set_signed_in(response, found)
        return SignedInAnswer.of(found)

    @router.post("/logout", status_code=204)
    @guarded("session:own")
    async def logout(response: Response, caller: SignedInDep, session: SessionDep) -> None:
        """Ends the session."""
        await caller.once(app.sign_out, SignOut(session.session_id), type(None))
        clear_session(response)

    @router.post("/change-password", status_code=204)
    @guarded("session:own", body_limit=AUTH_BODY_LIMIT)
    async def change_password(
        body: PasswordChange, response: Response, caller: SignedInDep, address: AddressDep
    ) -> None:
        """The own password; every other session of the account ends, this one's cookie changes."""
        command = ChangePassword(body.old_password, body.new_password, address)
        set_session(response, await caller.once(app.change_password, command, str))

    return router
