"""Someone who is signed in proves once more who he is, before he does what needs it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import own_session
from gateway.application.factor_proof import FactorProof
from gateway.application.ports import Passwords
from gateway.application.store import GatewayWork, Store
from gateway.application.tokens import SessionTokens
from gateway.domain.errors import GatewayError, InvalidInput, WrongCode, WrongPassword
from gateway.domain.password import normal_password
from gateway.domain.session import PROOF_LASTS, ROTATION_GRACE, token_hash


@dataclass(frozen=True)
class StepUp:
    """A code of the second factor, or a recovery code; the password where no factor is set."""

    address: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SteppedUp:
    """`token` is for the cookie; the proof counts `until` then."""

    token: str = field(repr=False)
    until: datetime


class StepUpHandler:
    """The session counts as freshly proven for ten minutes and gets another token, so that no
    process remembers it as it was; the token of before works for 30 seconds more.

    Raises WrongCode, WrongPassword, FactorBlocked, Busy, InvalidInput where the kind of proof that
    the account has is not given; Forbidden for anyone without a session.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        passwords: Passwords,
        proof: FactorProof,
        tokens: SessionTokens,
    ) -> None:
        self._store, self._clock, self._passwords = store, clock, passwords
        self._proof, self._tokens = proof, tokens

    async def __call__(self, command: StepUp, caller: Caller) -> SteppedUp:
        user_id, session_id = own_session(caller)
        async with self._store.work(caller.origin) as work:
            known = await work.credentials.hold(user_id)
            has_factor = (await work.users.get(user_id)).has_factor
        wrong: GatewayError
        if has_factor:
            code = _given(command.code, "code")
            wrong = WrongCode("the code is not right, or was used before", field="code")
            async with self._store.work(caller.origin) as work:
                await work.credentials.hold(user_id)
                right = await self._proof.accept(work, user_id, code, self._clock.now())
                done = await self._end(work, command, user_id, session_id, None if right else wrong)
        else:
            password = normal_password(_given(command.password, "password"))
            verdict = await self._passwords.verify(known, password, stranger=False)
            wrong = WrongPassword("the password is not right", field="password")
            async with self._store.work(caller.origin) as work:
                right = verdict.right and await work.credentials.hold(user_id) == known
                right = right and not (await work.users.get(user_id)).has_factor
                done = await self._end(work, command, user_id, session_id, None if right else wrong)
        if done is None:
            raise wrong
        return done

    async def _end(
        self,
        work: GatewayWork,
        command: StepUp,
        user_id: UUID,
        session_id: UUID,
        wrong: GatewayError | None,
    ) -> SteppedUp | None:
        now = self._clock.now()
        work.audit(
            "stepped_up",
            "ok" if wrong is None else "failed",
            at=now,
            target=f"user:{user_id}",
            code=None if wrong is None else wrong.code,
            address=command.address,
        )
        if wrong is not None:
            return None
        token = self._tokens.new()
        await work.sessions.prove(session_id, now)
        await work.sessions.rotate(session_id, token_hash(token), now + ROTATION_GRACE)
        return SteppedUp(token, now + PROOF_LASTS)


def _given(value: str | None, field: str) -> str:
    if not value:
        kind = "a" if field == "code" else "no"
        raise InvalidInput(f"is needed: the account has {kind} second factor", field=field)
    return value
