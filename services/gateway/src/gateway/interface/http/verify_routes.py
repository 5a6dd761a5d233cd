"""The mailed link: a page whose button posts, and what it posts to."""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import HTMLResponse, JSONResponse

from deskstream_chassis.http.guard import guarded
from gateway.application.app import GatewayApp
from gateway.application.verify_email import VerifyEmail
from gateway.domain.errors import LinkInvalid
from gateway.interface.http.html import confirm_page, told_page
from gateway.interface.http.principal import AddressDep, VisitorDep
from gateway.interface.http.schemas import VerificationToken, Verified

FORM = "application/x-www-form-urlencoded"
BODY_LIMIT = 4 * 1024
_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": VerificationToken.model_json_schema()}
            for kind in ("application/json", FORM)
        },
    }
}


def verify_router(app: GatewayApp) -> APIRouter:
    """The page and its POST. A GET changes nothing: mail scanners follow links."""
    router = APIRouter(tags=["auth"])

    @router.get("/verify-email", response_class=HTMLResponse)
    @guarded("public", reason="opened from a mail, before anyone can sign in")
    async def page(token: Annotated[str, Query(max_length=200)] = "") -> Response:
        """A page with one button; it tells nothing about the token."""
        return confirm_page(token)

    @router.post("/api/auth/verify-email", response_model=Verified, openapi_extra=_REQUEST_BODY)
    @guarded("public", reason="the link's token is the proof", body_limit=BODY_LIMIT)
    async def verify(request: Request, caller: VisitorDep, address: AddressDep) -> Response:
        """Proves the address, once. JSON is answered with JSON, the page's form with a page."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            command = VerifyEmail(_json_token(await request.body()), address)
            await caller.once(app.verify_email, command, type(None))
            return JSONResponse(Verified().model_dump())
        try:
            command = VerifyEmail(_form_token(await request.body()), address)
            await caller.once(app.verify_email, command, type(None))
        except LinkInvalid:
            return told_page("link_invalid", 400)
        return told_page("verified", 200)

    return router


def _json_token(body: bytes) -> str:
    try:
        return VerificationToken.model_validate_json(body).token
    except ValidationError as error:
        details = [{**e, "loc": ("body", *e["loc"])} for e in error.errors(include_input=False)]
        raise RequestValidationError(details) from None


def _form_token(body: bytes) -> str:
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=4)
        values = {name: found[0] for name, found in fields.items()}
        return VerificationToken.model_validate(values).token
    except ValueError:  # not ASCII, too many fields, or pydantic's ValidationError
        raise LinkInvalid("the form does not carry a link's token") from None
