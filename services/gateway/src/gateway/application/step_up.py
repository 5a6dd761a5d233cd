"""Someone who is signed in proves once more who he is, before he does what needs it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.ports import Passwords
from gateway.application.store import Store
from gateway.application.tokens import SessionTokens
from gateway.domain.errors import Forbidden, WrongPassword
from gateway.domain.password import normal_password
from gateway.domain.session import PROOF_LASTS, ROTATION_GRACE, token_hash


@dataclass(frozen=True)
class StepUp:
    """As typed."""

    password: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True)
class SteppedUp:
    """`token` is for the cookie; the proof counts `until` then."""

    token: str = field(repr=False)
    until: datetime


class StepUpHandler:
    """The session counts as freshly proven for ten minutes and gets another token, so that no
    process remembers it as it was; the token of before works for 30 seconds more.

    Raises WrongPassword, Busy; Forbidden for anyone without a session.
    """

    def __init__(
        self, store: Store, clock: Clock, passwords: Passwords, tokens: SessionTokens
    ) -> None:
        self._store, self._clock = store, clock
        self._passwords, self._tokens = passwords, tokens

    async def __call__(self, command: StepUp, caller: Caller) -> SteppedUp:
        user_id, session = caller.actor.user_id, caller.actor.session
        if user_id is None or session is None:
            raise Forbidden("only staff may do this")
        async with self._store.work(caller.origin) as work:
            known = await work.credentials.hold(user_id)
        verdict = await self._passwords.verify(known, normal_password(command.password))
        now = self._clock.now()
        async with self._store.work(caller.origin) as work:
            right = verdict.right and await work.credentials.hold(user_id) == known
            work.audit(
                "stepped_up",
                "ok" if right else "failed",
                at=now,
                target=caller.actor.ref,
                code=None if right else WrongPassword.code,
                address=command.address,
            )
            if right:
                token = self._tokens.new()
                await work.sessions.prove(UUID(session), now)
                await work.sessions.rotate(UUID(session), token_hash(token), now + ROTATION_GRACE)
                return SteppedUp(token, now + PROOF_LASTS)
        raise WrongPassword("the password is not right", field="password")
