"""Proof that a state change was asked for by our own pages."""

import hmac

from deskstream_chassis.http.problem import Problem, forbidden

SAME_ORIGIN = b"same-origin"


def cross_site() -> Problem:
    """403: the request comes from another site, or does not say where from."""
    return forbidden("cross_site")


def check_site(fetch_site: bytes | None, origin: bytes | None, own: bytes) -> None:
    """`Sec-Fetch-Site: same-origin`; where a client sends none, exactly our origin. Raises 403."""
    if fetch_site is not None:
        if fetch_site != SAME_ORIGIN:
            raise cross_site()
    elif origin != own:
        raise cross_site()


def check_token(presented: bytes | None, expected: bytes) -> None:
    """The header token of the session, in constant time. Raises Problem 403."""
    if presented is None or not hmac.compare_digest(presented, expected):
        raise forbidden("csrf_token")
