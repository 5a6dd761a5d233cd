"""Who asks: cookies and keys looked up in the store, remembered for four seconds."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from deskstream_chassis.access import Actor, Role
from gateway.application.ports import KeyFacts, Keys, SessionFacts, Sessions, StoreDown

K = TypeVar("K", str, UUID)
REMEMBERED = 4.0
"""Seconds. What is taken away must bite within five, with the request that is under way."""
_MOST = 10_000
COOKIE = b"__Host-sid"
DEVICE_COOKIE = b"__Host-did"
KEY_SCHEME = b"bearer "
_LONGEST = 512


@dataclass(slots=True)
class Principal:
    """A caller that proved who he is. `name` is his opaque reference, `csrf` empty for keys;
    `facts` None for a vendor, of whom the store knows nothing."""

    facts: SessionFacts | KeyFacts | None
    actor: Actor
    name: str
    csrf: bytes
    token_key: tuple[object, ...]
    """What an internal token depends on, beside its audience."""
    until: float
    touched: bool = field(default=False)
    rotated: bool = field(default=False)
    """Another token was asked for: once in five seconds is enough."""


def session_cookie(header: bytes | None) -> str | None:
    """The session's token in a Cookie header; None where there is none, or two."""
    return one_cookie(header, COOKIE)


def device_cookie(header: bytes | None) -> str | None:
    """The device's token in a Cookie header; None where there is none, or two."""
    return one_cookie(header, DEVICE_COOKIE)


def one_cookie(header: bytes | None, wanted: bytes) -> str | None:
    """The value of a cookie that was sent once, and has one."""
    if header is None:
        return None
    found = None
    for pair in header.split(b";"):
        name, equals, value = pair.strip().partition(b"=")
        if equals and name == wanted:
            if found is not None:
                return None
            found = value
    if not found or len(found) > _LONGEST:
        return None
    return found.decode("ascii")


def presented_key(header: bytes, longest: int = _LONGEST) -> str | None:
    """The API key in an Authorization header; None for any other scheme."""
    if len(header) > longest or not header.lower().startswith(KEY_SCHEME):
        return None
    return header[len(KEY_SCHEME) :].strip().decode("ascii")


class Credentials:
    """Asks the store at most once in four seconds for each cookie or key.

    What is not found is not remembered. Every method raises StoreDown when the store is down and
    the answer is not in memory.
    """

    def __init__(
        self, sessions: Sessions, keys: Keys, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._clock = clock
        self._known: dict[str, Principal] = {}
        self._by_session: dict[UUID, Principal] = {}
        """Apart: what names a session is no secret that opens it."""

    def remembered(self, secret: str) -> Principal | None:
        """A principal that was looked up less than four seconds ago."""
        principal = self._known.get(secret)
        if principal is not None and principal.until > self._clock():
            return principal
        return None

    def was_known(self, secret: str) -> bool:
        """Whether it was good when it was last looked up: its holder is no stranger."""
        return secret in self._known

    async def by_cookie(self, token: str) -> Principal | None:
        """The signed-in member of staff; None for an unknown, ended or suspended one."""
        facts = await self._sessions.find(token)
        if facts is None or not facts.active:
            self._known.pop(token, None)
            return None
        self._known = self._with_room(self._known)
        return self._remember(self._known, token, self._staff(facts))

    async def by_session(self, session_id: UUID) -> Principal | None:
        """Who is signed in under this id, also asked at most once in four seconds; None as above.

        For callers whose right to name the session was proven otherwise."""
        known = self._by_session.get(session_id)
        if known is not None and known.until > self._clock():
            return known
        facts = await self._sessions.by_id(session_id)
        if facts is None or not facts.active:
            self._by_session.pop(session_id, None)
            return None
        self._by_session = self._with_room(self._by_session)
        return self._remember(self._by_session, session_id, self._staff(facts))

    async def by_key(self, presented: str) -> Principal | None:
        """The API key; None for a malformed, unknown, revoked or expired one."""
        facts = await self._keys.find(presented)
        if facts is None:
            self._known.pop(presented, None)
            return None
        actor = Actor("key", facts.key_id, scopes=facts.scopes)
        self._known = self._with_room(self._known)
        key = (facts.key_id, facts.scopes)
        principal = Principal(facts, actor, actor.ref, b"", key, self._clock() + REMEMBERED)
        return self._remember(self._known, presented, principal)

    async def newest(self, facts: SessionFacts) -> SessionFacts | None:
        """What the store says of this session now; None for an ended or suspended one."""
        found = await self._sessions.by_id(facts.session_id)
        return found if found is not None and found.active else None

    async def touch(self, principal: Principal) -> None:
        """The session was used by a person: told to the store once per lookup."""
        if not principal.touched and isinstance(principal.facts, SessionFacts):
            await self._sessions.touch(principal.facts.session_id)
            principal.touched = True

    async def rotate(self, principal: Principal, token: str) -> str | None:
        """Another token for a session whose rights have changed; None where it is not due, or
        another request was faster."""
        facts = principal.facts
        if principal.rotated or not isinstance(facts, SessionFacts) or not facts.rotate:
            return None
        principal.rotated = True
        new_token = secrets.token_urlsafe(32)
        try:
            done = await self._sessions.rotate(token, new_token)
        except StoreDown:
            principal.rotated = False
            raise
        return new_token if done else None

    async def unchanged(self, principals: Sequence[Principal]) -> list[bool]:
        """Of each, whether he is still what he was when he was looked up: the session lives, and
        its owner has the same role and teams. For answers that last; one look for all."""
        sessions = [p.facts for p in principals if isinstance(p.facts, SessionFacts)]
        living = await self._sessions.living({facts.session_id for facts in sessions})
        return [_same(p.facts, living) for p in principals]

    def forget_all(self) -> None:
        """Something about sessions, users or keys has changed here: ask the store again."""
        for principal in (*self._known.values(), *self._by_session.values()):
            principal.until = 0.0

    def _staff(self, facts: SessionFacts) -> Principal:
        actor = Actor(
            "user",
            str(facts.user_id),
            Role(facts.role),
            frozenset(facts.teams),
            frozenset(),
            str(facts.session_id),
        )
        key = (facts.session_id, facts.role_version)
        until = self._clock() + REMEMBERED
        return Principal(facts, actor, actor.ref, facts.csrf_token.encode(), key, until)

    def _with_room(self, known: dict[K, Principal]) -> dict[K, Principal]:
        if len(known) < _MOST:
            return known
        now = self._clock()
        return {key: principal for key, principal in known.items() if principal.until > now}

    def _remember(self, known: dict[K, Principal], key: K, principal: Principal) -> Principal:
        if len(known) < _MOST:
            known[key] = principal
        return principal


def _same(before: object, living: Mapping[UUID, SessionFacts]) -> bool:
    now = living.get(before.session_id) if isinstance(before, SessionFacts) else None
    if now is None or not isinstance(before, SessionFacts) or not now.active:
        return False
    return now.role == before.role and set(now.teams) == set(before.teams)
