"""`/api/auth/oidc*`: signing in, and linking an account, through the company's provider."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from starlette.responses import HTMLResponse, RedirectResponse

from deskstream_chassis.http.guard import guarded
from gateway.application.app import GatewayApp
from gateway.application.finish_oidc import FinishOidc
from gateway.application.open_session import PendingSignIn, SignedIn
from gateway.application.start_oidc import SetOut, StartOidc
from gateway.application.unlink_oidc import UnlinkOidc
from gateway.domain.device import device_of
from gateway.interface.http.cookie import (
    WALK,
    clear_walk,
    set_pending,
    set_signed_in,
    set_walk,
)
from gateway.interface.http.html import onward_page
from gateway.interface.http.principal import (
    AddressDep,
    AnySessionDep,
    CookiesDep,
    SessionDep,
    SignedInDep,
    VisitorDep,
)


def oidc_router(app: GatewayApp) -> APIRouter:
    """The walk there and back. Without a configured issuer all answer 404."""
    router = APIRouter(prefix="/api/auth/oidc", tags=["auth"])

    @router.get("/start", status_code=303, response_class=RedirectResponse)
    @guarded("public", reason="starts a sign-in at the configured issuer")
    async def start(
        caller: VisitorDep,
        session: AnySessionDep,
        link: Annotated[Literal["", "1"], Query()] = "",
    ) -> Response:
        """To the issuer. `link=1`, from a page of ours: to link the account that is signed in."""
        command = StartOidc(session, link=bool(link))
        out = await caller.once(app.start_oidc, command, SetOut)
        response = RedirectResponse(out.address, 303)
        set_walk(response, out.browser)
        return response

    @router.get("/callback", response_class=HTMLResponse)
    @guarded("public", reason="comes back cross-site; proof is the single-use state")
    async def callback(
        caller: VisitorDep,
        cookies: CookiesDep,
        address: AddressDep,
        state: Annotated[str, Query()] = "",
        code: Annotated[str, Query()] = "",
        iss: Annotated[str | None, Query()] = None,
        agent: Annotated[str, Header(alias="user-agent", include_in_schema=False)] = "",
    ) -> Response:
        """From the issuer: a session for the linked account, a pending sign-in where it has a
        second factor, or the link that was asked for."""
        command = FinishOidc(
            state, code, iss, cookies.get(WALK, ""), address, device=device_of(agent)
        )
        opened = await app.finish_oidc(command, caller)
        match opened:
            case SignedIn():
                response = onward_page("signed_in")
                set_signed_in(response, opened)
            case PendingSignIn():
                response = onward_page("code_wanted")
                set_pending(response, opened.token)
            case None:
                response = onward_page("linked")
        clear_walk(response)
        return response

    @router.delete("", status_code=204)
    @guarded("session:own")
    async def unlink(caller: SignedInDep, session: SessionDep) -> None:
        """The issuer opens the own account no more."""
        await caller.once(app.unlink_oidc, UnlinkOidc(session.user_id), type(None))

    return router
