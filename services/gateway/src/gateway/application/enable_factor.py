"""The first code of a shown secret: it is the second factor from now on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import own_session, save
from gateway.application.factor_proof import FactorProof, count_failure, demand_open
from gateway.application.store import GatewayWork, Store
from gateway.application.tokens import SessionTokens
from gateway.domain.errors import FactorNotBegun, GatewayError, WrongCode
from gateway.domain.factor import (
    RECOVERY_ALPHABET,
    RECOVERY_CODES,
    RECOVERY_LENGTH,
    recovery_hash,
    spell_recovery_code,
)
from gateway.domain.session import ROTATION_GRACE, token_hash


@dataclass(frozen=True)
class EnableFactor:
    """The first code of the secret that was shown last."""

    code: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True)
class EnabledFactor:
    """`token` is for the cookie; the recovery codes are shown this once."""

    token: str = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)


class EnableFactorHandler:
    """The shown secret is the second factor from now on; ten new recovery codes replace those of
    before. Every other session of the account ends and this one, freshly proven, gets another
    token; the one before works for 30 seconds more.

    Raises FactorNotBegun where no secret waits, WrongCode, FactorBlocked; Forbidden for anyone
    without a session.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        proof: FactorProof,
        recovery_pepper: bytes,
        tokens: SessionTokens,
        random_text: Callable[[str, int], str],
    ) -> None:
        self._store, self._clock, self._proof = store, clock, proof
        self._pepper, self._tokens, self._random_text = recovery_pepper, tokens, random_text

    async def __call__(self, command: EnableFactor, caller: Caller) -> EnabledFactor:
        user_id, session_id = own_session(caller)
        async with self._store.work(caller.origin) as work:
            found = await self._try(work, command, user_id, session_id)
        if isinstance(found, GatewayError):
            raise found
        return found

    async def _try(
        self, work: GatewayWork, command: EnableFactor, user_id: UUID, session_id: UUID
    ) -> EnabledFactor | GatewayError:
        now = self._clock.now()
        await work.credentials.hold(user_id)
        factor = await work.factors.find(user_id)
        candidate = factor.waiting(now)
        if candidate is None:
            return FactorNotBegun("ask for a secret first: the same route without a code")
        demand_open(factor, now)
        step = self._proof.step(user_id, candidate, command.code, now, after=0)
        if step is None:
            await count_failure(work, user_id, factor, now)
            ref, code = f"user:{user_id}", WrongCode.code
            work.audit(
                "factor_enabled", "failed", at=now, target=ref, code=code, address=command.address
            )
            return WrongCode("the code is not right", field="code")
        await work.factors.save(user_id, factor.confirmed(step))
        codes = tuple(
            spell_recovery_code(self._random_text(RECOVERY_ALPHABET, RECOVERY_LENGTH))
            for _ in range(RECOVERY_CODES)
        )
        hashes = [recovery_hash(self._pepper, user_id, code) for code in codes]
        await work.factors.set_recovery(user_id, hashes)
        token = self._tokens.new()
        await work.sessions.end_all(user_id, now, but=session_id)
        await work.sessions.prove(session_id, now)
        await work.sessions.rotate(session_id, token_hash(token), now + ROTATION_GRACE)
        user = await work.users.get(user_id)
        user.enable_factor(now)
        save(work, user)
        return EnabledFactor(token, codes)
