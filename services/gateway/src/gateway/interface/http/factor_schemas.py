"""Bodies and answers of proofs. Unknown fields are refused; times are UTC with `Z`."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from gateway.interface.http.schemas import Body, Password, Token

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z -]{1,64}$")]
"""Six digits of the authenticator, or a recovery code, with or without its dashes."""


class Proof(Body):
    """A code, or the own password where no second factor is set."""

    code: Code | None = None
    password: Password | None = None


class Proven(BaseModel):
    """Until when what needs a fresh proof is open."""

    expires_at: datetime


class SecondStep(Body):
    """What signing in answered, and a code. After the issuer's page `pending` is in a cookie."""

    pending: Token | None = None
    code: Code


class FactorSetup(Body):
    """Nothing to be shown a secret; its first code to enable it."""

    code: Code | None = None


class FactorOffered(BaseModel):
    """For the authenticator, shown this once; enabled by its first code within ten minutes."""

    secret: str
    uri: str


class FactorEnabled(BaseModel):
    """Shown this once: each lets one in once without the authenticator."""

    recovery_codes: list[str]


class SignInPending(BaseModel):
    """The password was right; `POST /api/auth/factor/verify` with a code finishes the sign-in."""

    pending: str
    expires_at: datetime
