"""What one row of the route table says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from deskstream_chassis.access import Role

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Rate = Literal["auth", "public-limited", "api", "admin", "rag", "email", "webhook", "none"]

KIB = 1024
MIB = 1024 * KIB
API_BODY = 256 * KIB
AUTH_BODY = 16 * KIB
TEXT_BODY = 2 * MIB
"""Rows that take a message: HTML of a mail with quoted history."""
UPLOAD_BODY = 26 * MIB
"""One file of 25 MB and its multipart frame (design 04 §3)."""
WEBHOOK_BODY = 256 * KIB

FIRST_BYTE = 10.0
FIRST_BYTE_RAG = 60.0
FIRST_BYTE_UPLOAD = 120.0

PARAMETERS: dict[str, re.Pattern[str]] = {
    "uuid": re.compile(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII
    ),
    "ticket": re.compile(
        r"[1-9][0-9]{0,11}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        re.IGNORECASE | re.ASCII,
    ),
    "slug": re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?"),
    "key": re.compile(r"[A-Za-z0-9]{1,64}(?:-[A-Za-z0-9]{1,64}){0,8}"),
}
"""The types a path parameter may have; a value that does not match is no route. `ticket` is an id
or a number, `key` an opaque name without any dot or slash."""

_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may pass. Everything that is not named here is refused.

    `session`: a signed-in member of staff with at least `role`. `scopes`: an API key that holds one
    of them. `webhook`, `state`: proofs of their own, told by the receiving code.
    """

    public: bool = False
    session: bool = False
    role: Role = Role.VIEWER
    scopes: frozenset[str] = frozenset()
    webhook: str | None = None
    state: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One route of the API: what may be asked, of whom, by whom, how often and how large."""

    method: Method
    template: str
    """Path with typed parameters: `/api/tickets/{id:ticket}`."""
    path: str
    """The template without types, as spec/routes.csv and OpenAPI write it."""
    key: str
    """`GET /api/tickets/{id}`: the row's name in lists."""
    upstream: str
    access_text: str
    """As spec/routes.csv writes it."""
    access: Access
    object_rule: str | None
    """`ticket:view`: the owning service decides it; the gate only tells who asks."""
    rate: Rate
    body_limit: int
    timeout: float
    """Seconds until the first byte of the answer."""
    unsafe: bool
    """May change something, by its method."""
    idempotent: bool
    """May be asked again once, before the first byte, after a broken connection."""
    renews: bool
    """Counts as use by a person: the session's idle time starts again."""
    step_up: bool
    """Asks a session for a proof of its owner not older than ten minutes (design 02 §3)."""
    by_device: bool
    """A device of ours may be counted alone, instead of the address; the receiving code then tells
    whether it is known for the account, and counts the address where it is not."""
    public_reason: str | None
    served: bool


def parse_access(text: str, method: Method, path: str, *, viewer: bool = False) -> Access:
    """The access column as rules; raises ValueError for a word that nobody defined.

    `session` on a state-changing row means agent and above, unless a `viewer` may: on rows about
    the caller's own account, views and presence, and on those that only read by POST.
    """
    public = session = state = False
    role = Role.VIEWER
    scopes: set[str] = set()
    webhook = None
    for part in text.split("|"):
        kind, _, rest = part.partition(":")
        match kind:
            case "public":
                public, state = True, rest == "state"
            case "session":
                session = True
                role = Role.AGENT if method in _UNSAFE and not viewer else Role.VIEWER
            case "role":
                session, role = True, Role(rest)
            case "ticket":
                session = True
                scopes |= _ticket_scopes(rest)
            case "api-key":
                scopes.add(rest)
            case "cron":
                scopes.add("cron:" + path.rsplit("/", 1)[-1])
            case "webhook":
                webhook = rest
            case _:
                raise ValueError(f"unknown access: {text}")
    return Access(public, session, role, frozenset(scopes), webhook, state)


def _ticket_scopes(action: str) -> set[str]:
    """What a key needs at least; whether the ticket is one of its own is the service's decision."""
    modify = {"tickets:modify", "tickets:modify:all"}
    match action:
        case "view":
            return modify | {"tickets:view", "tickets:view:all"}
        case "modify":
            return modify
        case "delete":
            return set()
    raise ValueError(f"unknown ticket action: {action}")


def make_row(
    method: str,
    template: str,
    access: str,
    rate: str,
    *,
    upstream: str,
    unserved: frozenset[str],
    reasons: Mapping[str, str],
    body: int | None = None,
    timeout: float | None = None,
    viewer: bool = False,
    renews: bool = True,
    by_device: bool = False,
    step_up: bool = False,
) -> Row:
    """A row with what its class says by default. Raises ValueError for a row without sense."""
    verb, kind = cast("Method", method), cast("Rate", rate)
    path = re.sub(r":[a-z]+\}", "}", template)
    parsed = parse_access(access, verb, path, viewer=viewer)
    reason = reasons.get(path) if parsed.public else None
    if parsed.public and not reason:
        raise ValueError(f"{method} {path} is public without a reason")
    rule = access if access.startswith("ticket:") else None
    return Row(
        method=verb,
        template=template,
        path=path,
        key=f"{method} {path}",
        upstream=upstream,
        access_text=access,
        access=parsed,
        object_rule=rule,
        rate=kind,
        body_limit=_body_limit(verb, kind) if body is None else body,
        timeout=timeout or (FIRST_BYTE_RAG if kind == "rag" else FIRST_BYTE),
        unsafe=verb in _UNSAFE,
        idempotent=verb in {"GET", "HEAD"},
        renews=renews,
        step_up=step_up,
        by_device=by_device,
        public_reason=reason,
        served=f"{method} {path}" not in unserved,
    )


def _body_limit(method: Method, rate: Rate) -> int:
    if method not in _UNSAFE:
        return 0
    return {"auth": AUTH_BODY, "webhook": WEBHOOK_BODY}.get(rate, API_BODY)
