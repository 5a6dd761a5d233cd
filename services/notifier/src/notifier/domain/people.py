"""The staff as the notifier knows them: whom a mail may go to."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from notifier.domain.addresses import Recipient

Status = Literal["registered", "active", "suspended"]


@dataclass(frozen=True)
class Person:
    """A staff account; `role` is None before its approval."""

    user_id: UUID
    name: str
    email: str
    role: str | None = None
    status: Status = "registered"

    @property
    def reachable(self) -> bool:
        """An active account: the only one that gets mails about work."""
        return self.status == "active"

    def as_recipient(self) -> Recipient:
        """For the To of a mail."""
        return Recipient(self.email, self.name)
