"""The cookies of session and device: `__Host-` binds them to this host, Strict keeps them from
other sites."""

from datetime import timedelta

from starlette.responses import Response

from gateway.application.open_session import SignedIn
from gateway.domain.known_device import DEVICE_TTL
from gateway.domain.session import ABSOLUTE

NAME = "__Host-sid"
DEVICE = "__Host-did"


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


def _set(response: Response, name: str, token: str, lives: timedelta) -> None:
    response.set_cookie(
        name,
        token,
        max_age=int(lives.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )


def clear_session(response: Response) -> None:
    """The browser forgets it."""
    response.delete_cookie(NAME, path="/", secure=True, httponly=True, samesite="strict")
