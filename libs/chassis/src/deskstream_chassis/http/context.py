"""What the outer ASGI layers have learnt about a request, kept in its scope."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.types import Scope

from deskstream_chassis.access import Actor
from deskstream_chassis.ids import new_id

if TYPE_CHECKING:
    from deskstream_chassis.http.guard import Policy

CORRELATION_HEADER = "Deskstream-Correlation"
_KEY = "deskstream"
_CORRELATION = re.compile(r"[A-Za-z0-9-]{8,64}")


@dataclass
class RequestContext:
    """One request's facts. `route` is the template (`/api/tickets/{ticket}`), never the path."""

    correlation_id: str
    traceparent: str | None = None
    route: str | None = None
    policy: "Policy | None" = None
    actor: Actor | None = None
    body_hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    body_size: int = 0
    body_complete: bool = False


def header(scope: Scope, name: str) -> str | None:
    """The one value of a header, or None where it is absent or appears more than once."""
    wanted = name.lower().encode()
    found = [value for key, value in scope["headers"] if key == wanted]
    return found[0].decode("latin-1") if len(found) == 1 else None


def context_of(scope: Scope) -> RequestContext:
    """The context of a request, made at the first call.

    A correlation id that is not 8 to 64 letters, digits and dashes is replaced by a new one.
    """
    context = scope.get(_KEY)
    if isinstance(context, RequestContext):
        return context
    given = header(scope, CORRELATION_HEADER) or ""
    correlation = given if _CORRELATION.fullmatch(given) else str(new_id())
    context = RequestContext(correlation, traceparent=header(scope, "traceparent"))
    scope[_KEY] = context
    return context
