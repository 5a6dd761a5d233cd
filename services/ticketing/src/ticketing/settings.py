"""What ticketing is told from outside."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read by bootstrap alone."""

    model_config = SettingsConfigDict(env_prefix="TICKETING_", frozen=True)

    api_port: int = Field(default=8410, ge=0, le=65535)
    ops_port: int = Field(default=8411, ge=0, le=65535)
    undo_seconds: float = Field(default=10, ge=0, le=3600)
    """How long a reply can be taken back."""

    @property
    def undo(self) -> timedelta:
        """The undo window."""
        return timedelta(seconds=self.undo_seconds)
