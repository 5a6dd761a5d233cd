"""What the notifier is told from outside; read only by bootstrap."""

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from deskstream_chassis.settings import SecretKey, ServiceSettings


def _public_url(value: str) -> str:
    url = value.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return url


def _mailbox(value: str) -> str:
    local, at, domain = value.partition("@")
    if not (local and at and domain) or "+" in local or not value.isascii():
        raise ValueError("must be one plain address without a plus tag")
    return value


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Mailbox = Annotated[str, AfterValidator(_mailbox)]


class Settings(ServiceSettings):
    """Environment prefix NOTIFIER_."""

    model_config = SettingsConfigDict(
        env_prefix="NOTIFIER_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    api_port: int = Field(default=8420, ge=0, le=65535)
    ops_port: int = Field(default=8421, ge=0, le=65535)
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=8480, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: bool = False
    smtp_connections: int = Field(default=8, ge=1, le=100)
    """Mails under way at the same time: at most so many outcomes can be unknown at once."""
    smtp_answer_seconds: float = Field(default=60.0, gt=0, le=600)
    """How long an answer of the mail server may take, the one after DATA too."""
    mail_domain: str = Field(pattern=r"^[a-z0-9.-]+$")
    """Of our Message-IDs, and the name given in EHLO."""
    mail_from: Mailbox
    """The support mailbox; replies of customers come back to it, with a plus tag."""
    mailboxes: Annotated[tuple[Mailbox, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Further addresses of ours whose mail is taken."""
    receive_host: str = "127.0.0.1"
    receive_port: int | None = Field(default=None, ge=0, le=65535)
    """Where mail is taken by SMTP; without it none is."""
    imap_host: str | None = None
    """A mailbox that mail is fetched from, with user and password; without them none is."""
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_user: str | None = None
    imap_password: SecretStr | None = None
    imap_tls: bool = True
    imap_folder: str = Field(default="INBOX", min_length=1)
    imap_mailbox: Mailbox | None = None
    """Which address of ours its mails were sent to; the support mailbox if not given."""
    imap_seconds: float = Field(default=30.0, gt=0, le=3600)
    """Between two looks into it."""
    authserv_id: str | None = None
    """The name under which our own mail exchanger writes `Authentication-Results`; without it no
    sender is taken for authenticated."""
    desk_name: str = Field(default="Customer Support", min_length=1, max_length=100)
    public_url: Annotated[str, AfterValidator(_public_url)]
    plus_token_key: SecretKey
    mail_token_key: SecretKey

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """All mailboxes of ours."""
        return (self.mail_from, *self.mailboxes)

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        remote = self.smtp_host not in ("127.0.0.1", "localhost", "::1")
        if self.profile == "prod" and remote and self.smtp_user and not self.smtp_starttls:
            raise ValueError("smtp_user needs smtp_starttls: a password is not sent in the clear")
        return self

    @model_validator(mode="after")
    def _mailbox_to_fetch_from_is_whole_and_safe(self) -> Self:
        given = (self.imap_host, self.imap_user, self.imap_password)
        if any(given) and not all(given):
            raise ValueError("imap_host, imap_user, imap_password: all of them or none")
        if self.profile == "prod" and self.imap_host and not self.imap_tls:
            raise ValueError("imap_host needs imap_tls: a password is not sent in the clear")
        if self.imap_mailbox is not None and self.imap_mailbox not in self.own_addresses:
            raise ValueError("imap_mailbox must be mail_from or one of mailboxes")
        return self

    @model_validator(mode="after")
    def _one_key_for_each_purpose(self) -> Self:
        keys = {self.subject_key, self.plus_token_key, self.mail_token_key}
        if len({key.get_secret_value().lower() for key in keys}) < 3:
            raise ValueError("subject_key, plus_token_key, mail_token_key must differ")
        return self
