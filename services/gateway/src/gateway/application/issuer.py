"""The company's identity provider, as the use cases see it."""

from typing import Protocol

from gateway.domain.oidc import OidcIdentity


class IssuerSilent(Exception):
    """The issuer cannot be reached, is too slow, or says what no issuer may: nobody is let in."""


class IdentityRefused(Exception):
    """The issuer vouches for nobody here; `code` says why, and goes to the trail only."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Issuer(Protocol):
    """One OpenID provider, fixed by the settings."""

    async def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to be asked who it is; of the verifier it carries a hash alone.
        Raises IssuerSilent."""

    async def identity(
        self, code: str, *, nonce: str, verifier: str, said_by: str | None
    ) -> OidcIdentity:
        """Who the issuer vouches for. `said_by` is the issuer's name in the browser's answer
        (RFC 9207), where it has one. Raises IssuerSilent, IdentityRefused."""
