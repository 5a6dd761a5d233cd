"""Bodies and answers about API keys."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from gateway.domain.api_key import LONGEST_OVERLAP, ApiKey
from gateway.interface.http.schemas import Body, Name


class NewKey(Body):
    """A key; without `expires_at` it lives until revoked."""

    name: Name
    scopes: Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(max_length=32)]
    expires_at: AwareDatetime | None = None
    rate_per_minute: int | None = None


class KeyRotation(Body):
    """How long the secret of before still works."""

    overlap_seconds: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP.total_seconds())]


class KeyAnswer(BaseModel):
    """A key, without its secret."""

    id: str
    name: str
    scopes: list[str]
    rate_per_minute: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    previous_until: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyAnswer":
        """From a key."""
        return cls(
            id=key.key_id,
            name=key.name,
            scopes=list(key.scopes),
            rate_per_minute=key.rate_per_minute,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
            previous_until=key.previous_until,
        )


class NewKeyAnswer(KeyAnswer):
    """`secret` is shown this once."""

    secret: str


class Keys(BaseModel):
    """All of them."""

    items: list[KeyAnswer]
