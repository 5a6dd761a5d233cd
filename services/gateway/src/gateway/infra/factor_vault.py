"""Secrets of second factors, sealed for one account each."""

from uuid import UUID

from deskstream_chassis.sealed import NotSealed, Sealer
from gateway.application.ports import StoreDown

PURPOSE = "second-factor"


class SealedFactorVault:
    """See ports.FactorVault. The account is bound in: a row copied to another account opens not."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, user_id: UUID, secret: str) -> str:
        """AES-256-GCM."""
        return self._of(user_id).seal(secret)

    def unseal(self, user_id: UUID, sealed: str) -> str:
        """Raises StoreDown."""
        try:
            return self._of(user_id).unseal(sealed)
        except NotSealed:
            raise StoreDown("a second factor does not open with GATEWAY_FACTOR_KEY") from None

    def _of(self, user_id: UUID) -> Sealer:
        return Sealer(self._key, f"{PURPOSE}:{user_id}")
