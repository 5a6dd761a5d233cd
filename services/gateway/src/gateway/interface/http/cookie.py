"""The cookies: `__Host-` binds them to this host, Strict keeps all but that of a walk to the issuer
from other sites."""

from datetime import timedelta
from typing import Literal

from starlette.responses import Response

from gateway.application.open_session import SignedIn
from gateway.domain.factor import PENDING_LASTS
from gateway.domain.known_device import DEVICE_TTL
from gateway.domain.oidc import WALK_TTL
from gateway.domain.session import ABSOLUTE

NAME = "__Host-sid"
DEVICE = "__Host-did"
WALK = "__Host-oidc"
PENDING = "__Host-pending"


def set_session(response: Response, token: str) -> None:
    """The browser sends it back until signed out or 12 hours are over."""
    _set(response, NAME, token, ABSOLUTE)


def session_header(token: str) -> bytes:
    """The value of `Set-Cookie` for an answer that is not the gateway's own application's."""
    response = Response()
    set_session(response, token)
    return response.headers["set-cookie"].encode("ascii")


def set_device(response: Response, token: str) -> None:
    """The browser sends it back until 180 days have passed without a sign-in."""
    _set(response, DEVICE, token, DEVICE_TTL)


def set_signed_in(response: Response, opened: SignedIn) -> None:
    """Session and device, as a sign-in leaves them."""
    set_session(response, opened.token)
    if opened.device_token is not None:
        set_device(response, opened.device_token)


def set_pending(response: Response, token: str) -> None:
    """Where no page of ours could keep it: the second step of a sign-in takes it from here."""
    _set(response, PENDING, token, PENDING_LASTS)


def set_walk(response: Response, value: str) -> None:
    """The browser brings it back from the issuer, which is another site: Lax."""
    _set(response, WALK, value, WALK_TTL, "lax")


def _set(
    response: Response,
    name: str,
    token: str,
    lives: timedelta,
    same_site: Literal["strict", "lax"] = "strict",
) -> None:
    response.set_cookie(
        name,
        token,
        max_age=int(lives.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite=same_site,
    )


def clear_pending(response: Response) -> None:
    """The sign-in is finished."""
    _clear(response, PENDING)


def clear_walk(response: Response) -> None:
    """The walk is over."""
    _clear(response, WALK)


def clear_session(response: Response) -> None:
    """The browser forgets it."""
    _clear(response, NAME)


def _clear(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="strict")
