"""A forgotten password: asking for the link, the page behind it, and what the page posts to."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse, JSONResponse

from deskstream_chassis.http.guard import guarded
from gateway.application.app import GatewayApp
from gateway.application.forgot_password import ForgotPassword
from gateway.application.reset_password import ResetPassword
from gateway.domain.errors import LinkInvalid, WeakPassword
from gateway.interface.gate.limits import AccountLimit
from gateway.interface.http.even_time import even_time
from gateway.interface.http.html import reset_page, told_page
from gateway.interface.http.posted import described, form_of, is_form, json_of
from gateway.interface.http.principal import AddressDep, VisitorDep
from gateway.interface.http.schemas import Accepted, Address, PasswordReset, PasswordSet

BODY_LIMIT = 16 * 1024


def reset_router(app: GatewayApp, limit: AccountLimit) -> APIRouter:
    """The three routes. A GET changes nothing: mail scanners follow links."""
    router = APIRouter(tags=["auth"])

    @router.post("/api/auth/forgot-password", status_code=202)
    @guarded("public", reason="asked by those who cannot sign in", body_limit=BODY_LIMIT)
    async def forgot(body: Address, caller: VisitorDep, address: AddressDep) -> Accepted:
        """A link goes to an active account's address; the answer is always the same."""
        await limit.take(body.email)
        command = ForgotPassword(body.email, address)
        async with even_time():
            await caller.once(app.forgot_password, command, type(None))
        return Accepted()

    @router.get("/reset-password", response_class=HTMLResponse)
    @guarded("public", reason="opened from a mail, by those who cannot sign in")
    async def reset_form(token: Annotated[str, Query(max_length=200)] = "") -> Response:
        """A page with one field; it tells nothing about the token."""
        return reset_page(token)

    @router.post(
        "/api/auth/reset-password",
        response_model=PasswordSet,
        openapi_extra=described(PasswordReset),
    )
    @guarded("public", reason="the link's token is the proof", body_limit=BODY_LIMIT)
    async def reset(request: Request, caller: VisitorDep, address: AddressDep) -> Response:
        """Sets another password, once, and ends all sessions; signs nobody in. JSON is answered
        with JSON, the page's form with a page."""
        if not is_form(request):
            body = json_of(PasswordReset, await request.body())
            command = ResetPassword(body.token, body.new_password, address)
            await caller.once(app.reset_password, command, type(None))
            return JSONResponse(PasswordSet().model_dump())
        try:
            body = form_of(PasswordReset, await request.body())
            command = ResetPassword(body.token, body.new_password, address)
            await caller.once(app.reset_password, command, type(None))
        except LinkInvalid:
            return told_page("link_invalid", 400)
        except WeakPassword as error:
            return reset_page(body.token, told=f"The password {error.detail}.", status=422)
        return told_page("password_set", 200)

    return router
