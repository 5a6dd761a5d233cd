"""Bodies and answers of proofs. Unknown fields are refused; times are UTC with `Z`."""

from datetime import datetime

from pydantic import BaseModel

from gateway.interface.http.schemas import Body, Password


class Proof(Body):
    """The own password."""

    password: Password


class Proven(BaseModel):
    """Until when what needs a fresh proof is open."""

    expires_at: datetime
