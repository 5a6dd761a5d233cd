"""A password on its way in: accepted by the rules, then hashed."""

from collections.abc import Collection, Iterable

from gateway.application.ports import Passwords
from gateway.domain.password import accept_password


class NewPassword:
    """Checks against the rules and the list of common ones, and hashes what is acceptable."""

    def __init__(self, passwords: Passwords, common: Collection[str]) -> None:
        self._passwords, self._common = passwords, common

    async def hash(
        self,
        password: str,
        *,
        personal: Iterable[str],
        has_factor: bool = False,
        field: str = "password",
    ) -> str:
        """Raises WeakPassword, naming `field`; Busy when too many wait."""
        normal = accept_password(
            password, common=self._common, personal=personal, has_factor=has_factor, field=field
        )
        return await self._passwords.hash(normal)
