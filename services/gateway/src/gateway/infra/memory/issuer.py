"""An OpenID provider in memory. Docstrings: application/issuer.py."""

import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

from gateway.application.issuer import IdentityRefused, IssuerSilent
from gateway.domain.oidc import OidcIdentity

ISSUER = "https://id.shop.test"


class FakeIssuer:
    """`down = True`: nobody answers. `consent` is what a person does at the provider."""

    def __init__(self) -> None:
        self.down = False
        self._codes: dict[str, tuple[str, str, str]] = {}

    async def address(self, *, state: str, nonce: str, verifier: str) -> str:
        self._reach()
        asked = {"state": state, "nonce": nonce, "challenge": _challenge(verifier)}
        return f"{ISSUER}/authorize?{urlencode(asked)}"

    async def identity(
        self, code: str, *, nonce: str, verifier: str, said_by: str | None
    ) -> OidcIdentity:
        self._reach()
        subject, asked, challenge = self._codes.pop(code, ("", "", ""))
        if challenge != _challenge(verifier):
            raise IdentityRefused("code_refused")
        if asked != nonce:
            raise IdentityRefused("bad_token")
        if said_by not in (None, ISSUER):
            raise IdentityRefused("other_issuer")
        return OidcIdentity(ISSUER, "", subject)

    def consent(self, address: str, subject: str) -> dict[str, str]:
        """The query with which the provider sends this person's browser back."""
        asked = {name: found[0] for name, found in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self._codes)}-{asked['state'][:8]}"
        self._codes[code] = (subject, asked["nonce"], asked["challenge"])
        return {"state": asked["state"], "code": code, "iss": ISSUER}

    def _reach(self) -> None:
        if self.down:
            raise IssuerSilent


def _challenge(verifier: str) -> str:
    return hashlib.sha256(verifier.encode()).hexdigest()
