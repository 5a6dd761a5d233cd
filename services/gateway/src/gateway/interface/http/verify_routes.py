"""The mailed link: a page whose button posts, and what it posts to."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse, JSONResponse

from deskstream_chassis.http.guard import guarded
from gateway.application.app import GatewayApp
from gateway.application.verify_email import VerifyEmail
from gateway.domain.errors import LinkInvalid
from gateway.interface.http.html import confirm_page, told_page
from gateway.interface.http.posted import described, form_of, is_form, json_of
from gateway.interface.http.principal import AddressDep, VisitorDep
from gateway.interface.http.schemas import VerificationToken, Verified

BODY_LIMIT = 4 * 1024


def verify_router(app: GatewayApp) -> APIRouter:
    """The page and its POST. A GET changes nothing: mail scanners follow links."""
    router = APIRouter(tags=["auth"])

    @router.get("/verify-email", response_class=HTMLResponse)
    @guarded("public", reason="opened from a mail, before anyone can sign in")
    async def page(token: Annotated[str, Query(max_length=200)] = "") -> Response:
        """A page with one button; it tells nothing about the token."""
        return confirm_page(token)

    @router.post(
        "/api/auth/verify-email",
        response_model=Verified,
        openapi_extra=described(VerificationToken),
    )
    @guarded("public", reason="the link's token is the proof", body_limit=BODY_LIMIT)
    async def verify(request: Request, caller: VisitorDep, address: AddressDep) -> Response:
        """Proves the address, once. JSON is answered with JSON, the page's form with a page."""
        if not is_form(request):
            body = json_of(VerificationToken, await request.body())
            command = VerifyEmail(body.token, address)
            await caller.once(app.verify_email, command, type(None))
            return JSONResponse(Verified().model_dump())
        try:
            body = form_of(VerificationToken, await request.body())
            command = VerifyEmail(body.token, address)
            await caller.once(app.verify_email, command, type(None))
        except LinkInvalid:
            return told_page("link_invalid", 400)
        return told_page("verified", 200)

    return router
