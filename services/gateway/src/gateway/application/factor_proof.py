"""A code of the second factor is looked at: by a sign-in, and by stepping up."""

from datetime import datetime
from uuid import UUID

from gateway.application.ports import FactorVault
from gateway.application.store import GatewayWork
from gateway.domain.errors import FactorBlocked
from gateway.domain.factor import Factor, is_recovery_code, normal_code, recovery_hash, step_of


class FactorProof:
    """Called inside the work of the caller, who holds the account's credentials still, so that of
    two uses of one code one wins."""

    def __init__(self, vault: FactorVault, recovery_pepper: bytes) -> None:
        self._vault, self._pepper = vault, recovery_pepper

    async def accept(self, work: GatewayWork, user_id: UUID, code: str, at: datetime) -> bool:
        """Whether the code is right; it is used up then. The caller must commit either way: a wrong
        one is counted. Raises FactorBlocked."""
        factor = await work.factors.find(user_id)
        demand_open(factor, at)
        if is_recovery_code(code):
            right = await work.factors.spend(user_id, recovery_hash(self._pepper, user_id, code))
            step = None
        else:
            step = self.step(user_id, factor.secret, code, at, after=factor.last_step)
            right = step is not None
        if right:
            await work.factors.save(user_id, factor.accepted(step))
        else:
            await count_failure(work, user_id, factor, at)
        return right

    def step(
        self, user_id: UUID, sealed: str | None, code: str, at: datetime, *, after: int
    ) -> int | None:
        """The step of this code under a sealed secret; None where there is none."""
        if sealed is None:
            return None
        secret = self._vault.unseal(user_id, sealed)
        return step_of(secret, normal_code(code), at, after=after)


def demand_open(factor: Factor, now: datetime) -> None:
    """Raises FactorBlocked while no code may be tried."""
    pause = factor.blocked(now)
    if pause is not None:
        raise FactorBlocked(pause)


async def count_failure(work: GatewayWork, user_id: UUID, factor: Factor, at: datetime) -> None:
    """A wrong code; a pause that it brings is on the trail."""
    failed = factor.failed(at)
    await work.factors.save(user_id, failed)
    if failed.blocked_until is not None:
        ref = f"user:{user_id}"
        work.audit("locked", "denied", at=at, target=ref, code=FactorBlocked.code)
