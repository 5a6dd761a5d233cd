"""From what the gate found (interface/scope.py) to the caller of a use case."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from deskstream_chassis.access import Actor, Role, system
from deskstream_chassis.caller import Caller
from deskstream_chassis.http.context import context_of
from deskstream_chassis.http.problem import unauthenticated
from deskstream_eventstore import Origin
from gateway.application.acting import VISITOR_NAME
from gateway.application.ports import KeyFacts, SessionFacts
from gateway.interface.scope import ADDRESS, COOKIES, DEVICE, PRINCIPAL


async def authenticate(scope: Scope) -> Actor:
    """Who the gate says sends the request. Raises Problem 401 for nobody and for the suspended."""
    match scope.get(PRINCIPAL):
        case SessionFacts(active=True) as session:
            return Actor(
                "user",
                str(session.user_id),
                role=Role(session.role),
                teams=frozenset(session.teams),
                session=str(session.session_id),
            )
        case KeyFacts() as key:
            return Actor("key", key.key_id, scopes=key.scopes)
    raise unauthenticated()


def session_of(request: Request) -> SessionFacts:
    """The living session of the request. Raises Problem 401 without one."""
    found = request.scope.get(PRINCIPAL)
    if isinstance(found, SessionFacts) and found.active:
        return found
    raise unauthenticated()


def any_session_of(request: Request) -> SessionFacts | None:
    """The session whose cookie came along with a public request."""
    found = request.scope.get(PRINCIPAL)
    return found if isinstance(found, SessionFacts) else None


def cookies_of(request: Request) -> dict[str, str]:
    """The gateway's cookies of sign-ins that are under way."""
    found = request.scope.get(COOKIES)
    return found if isinstance(found, dict) else {}


def address_of(request: Request) -> str:
    """The client's address as the gate determined it, else the peer's."""
    found = request.scope.get(ADDRESS)
    if isinstance(found, str):
        return found
    return request.client.host if request.client else ""


def device_of(request: Request) -> str | None:
    """The cookie of a device of ours, where the gate counted it instead of the address."""
    found = request.scope.get(DEVICE)
    return found if isinstance(found, str) else None


def visitor(request: Request) -> Caller:
    """The gateway itself on behalf of somebody who is not signed in; no idempotency key."""
    actor = system(VISITOR_NAME)
    return Caller(actor, _origin(request, actor))


async def without_key(request: Request) -> Caller:
    """The signed-in caller where the body holds passwords: no hash of it may be kept, so an
    idempotency key is not taken."""
    actor = await authenticate(request.scope)
    return Caller(actor, _origin(request, actor))


def _origin(request: Request, actor: Actor) -> Origin:
    context = context_of(request.scope)
    return Origin(
        actor=actor.ref,
        correlation_id=context.correlation_id,
        traceparent=context.traceparent,
    )


VisitorDep = Annotated[Caller, Depends(visitor)]
SignedInDep = Annotated[Caller, Depends(without_key)]
SessionDep = Annotated[SessionFacts, Depends(session_of)]
AnySessionDep = Annotated[SessionFacts | None, Depends(any_session_of)]
CookiesDep = Annotated[dict[str, str], Depends(cookies_of)]
AddressDep = Annotated[str, Depends(address_of)]
DeviceDep = Annotated[str | None, Depends(device_of)]
