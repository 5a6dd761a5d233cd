"""What every service is told from outside. One frozen class per service, read only in bootstrap.

A service subclasses with its own prefix::

    class TicketingSettings(ServiceSettings):
        model_config = SettingsConfigDict(env_prefix="TICKETING_")
        undo_seconds: int = 10
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Profile = Literal["dev", "test", "prod"]


_DISTINCT_BYTES = 16
"""A random 256-bit key has about 30 different bytes; what a person types has few."""


def _key(value: SecretStr) -> SecretStr:
    try:
        raw = bytes.fromhex(value.get_secret_value())
    except ValueError:
        raise ValueError("must be 64 hexadecimal digits") from None
    if len(raw) != 32:
        raise ValueError("must be 64 hexadecimal digits")
    return value


def _random_looking(key: SecretStr) -> SecretStr:
    raw = key_bytes(key)
    steps = {(b - a) % 256 for a, b in pairwise(raw)}
    repeats = any(raw == (raw[:n] * 32)[:32] for n in range(1, 17))
    if len(set(raw)) < _DISTINCT_BYTES or len(steps) < _DISTINCT_BYTES // 2 or repeats:
        raise ValueError("looks like a default, not like 32 random bytes")
    return key


SecretKey = Annotated[SecretStr, AfterValidator(_key), AfterValidator(_random_looking)]
"""A 256-bit key as 64 hexadecimal digits that does not look typed; never shown by repr, logs or
errors."""


def key_bytes(key: SecretStr) -> bytes:
    """The 32 bytes of a SecretKey."""
    return bytes.fromhex(key.get_secret_value())


class ServiceSettings(BaseSettings):
    """Settings common to all services; values come from the environment alone.

    An unsafe value raises pydantic's ValidationError, and the process does not start.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    profile: Profile = "dev"
    database_dsn: SecretStr
    database_size: int = Field(default=5, ge=1, le=50)
    kafka_bootstrap: str = "127.0.0.1:8490"
    topic_prefix: str = Field(default="", pattern=r"^([a-z0-9][a-z0-9._-]*)?$")
    api_host: str = "127.0.0.1"
    api_port: int = Field(ge=1, le=65535)
    ops_host: str = "127.0.0.1"
    ops_port: int = Field(ge=1, le=65535)
    jwks_url: str = "http://127.0.0.1:8401/internal/jwks"
    bucket_url: str
    """`file:///folder` or `s3://bucket/prefix`."""
    subject_key: SecretKey
    """Keys the hashes of people's addresses in `meta.subjects`."""
    clock_offset_file: Path | None = None
    otlp_endpoint: str | None = None
    trace_file: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    shutdown_seconds: float = Field(default=3.0, gt=0, le=60)
    """How long open requests may go on after SIGTERM."""
    startup_seconds: float = Field(default=60.0, gt=0)
    """How long a starting process waits for its database and for the schema to be at head."""

    @model_validator(mode="after")
    def _refuse_unsafe_values(self) -> Self:
        if self.clock_offset_file is not None and self.profile != "test":
            raise ValueError("a clock offset file is allowed in profile 'test' only")
        return self
