"""What ticketing is told from outside."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import phonenumbers
from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.settings import SecretKey, ServiceSettings


def _region(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("is not the code of a country, such as US")
    return value


class Settings(ServiceSettings):
    """Read by bootstrap alone."""

    model_config = SettingsConfigDict(env_prefix="TICKETING_", frozen=True)

    api_port: int = Field(default=8410, ge=0, le=65535)
    ops_port: int = Field(default=8411, ge=0, le=65535)
    undo_seconds: float = Field(default=10, ge=0, le=3600)
    """How long a reply can be taken back."""

    close_days: float = Field(default=14, ge=0.001, le=3650)
    """After how many days without a word a solved ticket is closed."""
    scanner: str | None = Field(default=None, pattern=r"^[^\s:]+:\d{1,5}$")
    """Where clamd listens, `host:port`; without it files are not scanned."""
    plus_token_key: SecretKey
    """As the notifier's: it makes the addresses that name a ticket."""
    mailbox_teams: dict[str, UUID] = Field(default_factory=dict)
    """Which team's mailbox an address is, as JSON; the others are Support's."""

    phone_region: Annotated[str, AfterValidator(_region)] = "US"
    """The country of telephone numbers that are told without one."""

    @property
    def silence(self) -> timedelta:
        """How long a solved ticket stays open to the customer."""
        return timedelta(days=self.close_days)

    @property
    def undo(self) -> timedelta:
        """The undo window."""
        return timedelta(seconds=self.undo_seconds)
