"""The second step of a sign-in: a code for the one that is pending."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.factor_proof import FactorProof
from gateway.application.open_session import OpenSession, PendingSignIn, SignedIn
from gateway.application.store import GatewayWork, Store
from gateway.domain.device import UNKNOWN
from gateway.domain.errors import GatewayError, PendingInvalid, WrongCode
from gateway.domain.session import token_hash


@dataclass(frozen=True)
class VerifyFactor:
    """`pending` as the first step answered it, `code` of the authenticator or a recovery code; the
    rest as for SignIn."""

    pending: str = field(repr=False)
    code: str = field(repr=False)
    address: str = field(repr=False)
    replaces: UUID | None = None
    device: str = UNKNOWN
    device_token: str | None = field(default=None, repr=False)


class VerifyFactorHandler:
    """Opens the session. A code works once; a pending sign-in five minutes and five tries.

    Raises PendingInvalid where the sign-in has to begin anew, WrongCode, FactorBlocked; a wrong
    code is counted and on the trail.
    """

    def __init__(
        self, store: Store, clock: Clock, proof: FactorProof, sessions: OpenSession
    ) -> None:
        self._store, self._clock = store, clock
        self._proof, self._sessions = proof, sessions

    async def __call__(self, command: VerifyFactor, caller: Caller) -> SignedIn:
        async with self._store.work(caller.origin) as work:
            found = await self._try(work, command, self._clock.now())
        if isinstance(found, GatewayError):
            raise found
        return found

    async def _try(
        self, work: GatewayWork, command: VerifyFactor, now: datetime
    ) -> SignedIn | GatewayError:
        hashed = token_hash(command.pending)
        pending = await work.pending.find(hashed)
        if pending is not None:
            await work.credentials.hold(pending.user_id)
            pending = await work.pending.find(hashed)
        if pending is None or not pending.usable(now):
            code = PendingInvalid.code
            work.audit("sign_in_failed", "denied", at=now, code=code, address=command.address)
            return PendingInvalid("the sign-in is unknown, used, too old or tried too often")
        if not await self._proof.accept(work, pending.user_id, command.code, now):
            await work.pending.miss(hashed)
            work.audit(
                "sign_in_failed",
                "denied",
                at=now,
                target=f"user:{pending.user_id}",
                code=WrongCode.code,
                address=command.address,
            )
            return WrongCode("the code is not right, or was used before", field="code")
        await work.pending.drop(hashed)
        opened = await self._sessions.open(
            work,
            await work.users.get(pending.user_id),
            at=now,
            device=command.device,
            address=command.address,
            replaces=command.replaces,
            proof="factor",
            device_token=command.device_token,
        )
        assert not isinstance(opened, PendingSignIn), "a factor is asked for once"
        return opened
