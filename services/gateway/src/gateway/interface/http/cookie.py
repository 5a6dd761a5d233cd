"""The session cookie: `__Host-` binds it to this host, Strict keeps it from other sites."""

from starlette.responses import Response

from gateway.domain.session import ABSOLUTE

NAME = "__Host-sid"


def set_session(response: Response, token: str) -> None:
    """The browser sends it back until signed out or 12 hours are over."""
    response.set_cookie(
        NAME,
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )


def session_header(token: str) -> bytes:
    """The value of `Set-Cookie` for an answer that is not the gateway's own application's."""
    response = Response()
    set_session(response, token)
    return response.headers["set-cookie"].encode("ascii")


def clear_session(response: Response) -> None:
    """The browser forgets it."""
    response.delete_cookie(NAME, path="/", secure=True, httponly=True, samesite="strict")
