"""What the gateway is told from outside: `GATEWAY_*`."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from deskstream_chassis.settings import SecretKey, ServiceSettings
from gateway.domain.webhook import VENDORS, weakness

_SHORTEST_FOREIGN = 16
"""Characters of a secret that others made for us."""


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be http(s)://host[:port]")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("must not have a path")
    return f"{parts.scheme}://{parts.netloc}".lower()


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be http(s)://host[:port][/path]")
    if parts.query or parts.fragment:
        raise ValueError("must not have a query")
    return value


def _not_typed(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) < _SHORTEST_FOREIGN or len(set(text)) < _SHORTEST_FOREIGN // 2:
        raise ValueError("looks like a default, not like what an issuer hands out")
    return secret


def _valkey(value: SecretStr | None) -> SecretStr | None:
    if value is None or not value.get_secret_value():
        return None
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"valkey", "valkeys", "redis", "rediss"} or not parts.hostname:
        raise ValueError("must be valkey(s)://[[user]:password@]host[:port][/number]")
    return value


def _listed(value: object) -> object:
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return value


def _network(value: str) -> str:
    ip_network(value)
    return value


def _vendor_secrets(value: dict[str, tuple[SecretStr, ...]]) -> dict[str, tuple[SecretStr, ...]]:
    for name, given in value.items():
        vendor = VENDORS.get(name)
        if vendor is None:
            raise ValueError(f"{name}: unknown vendor; there are {', '.join(VENDORS)}")
        if not 1 <= len(given) <= 2:
            raise ValueError(f"{name}: must be one secret, or two while they change")
        for secret in given:
            if why := weakness(secret.get_secret_value()):
                raise ValueError(f"{name}: {why}")
            if not vendor.takes(secret.get_secret_value()):
                raise ValueError(f"{name}: must be whsec_ and base64 of 24 to 64 bytes")
    return value


Origin = Annotated[str, AfterValidator(_origin)]
"""`scheme://host[:port]`."""


class Settings(ServiceSettings):
    """Frozen; read by bootstrap alone. An unsafe value stops the process before it listens."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    api_port: int = Field(default=8400, ge=0, le=65535)
    ops_port: int = Field(default=8401, ge=0, le=65535)
    bucket_url: str = "none:"
    """The gateway keeps no files."""

    subject_key: SecretKey
    session_pepper: SecretKey
    key_pepper: SecretKey
    audit_key: SecretKey
    factor_key: SecretKey
    """Seals second factors; where it is lost, everybody sets his anew."""
    mail_token_key: SecretKey
    """Shared with notifier alone."""
    internal_host: str = "127.0.0.1"
    internal_port: int | None = Field(default=None, ge=1, le=65535)
    """Where console calls the API with its token (interface/gate/console.py); None: nowhere. Not
    for the world: only console's network may reach it."""
    signing_keys_file: Path
    """A JWK set of private Ed25519 keys, mode 0600; see infra/signing_keys.py for the rotation."""

    public_url: Origin
    """Where browsers find the gateway; the only origin whose pages may change anything."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Further values of `Host`, beside that of `public_url`."""
    trusted_proxies: Annotated[
        tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_listed)
    ] = ()
    """Addresses or networks whose `X-Forwarded-For` is believed."""

    upstream_ticketing: Origin | None = None
    upstream_notifier: Origin | None = None
    upstream_customer_identity: Origin | None = None
    upstream_commerce_gateway: Origin | None = None
    upstream_rag: Origin | None = None
    ops_urls: dict[str, Origin] = Field(default_factory=dict)
    """Where each service's guarded `/internal/ops/*` is found, by name of the service."""

    valkey_url: Annotated[SecretStr | None, AfterValidator(_valkey)] = None
    """Where all gateways count limits together; None: each for itself."""
    replicas: int = Field(default=1, ge=1)
    """How many gateways serve: where they cannot count together, each allows its part."""
    webhook_secrets: Annotated[
        dict[str, tuple[SecretStr, ...]], AfterValidator(_vendor_secrets)
    ] = Field(default_factory=dict)
    """JSON: by vendor one secret, or two while they change. Each vendor of a served row needs one
    (interface/gate/webhooks.py)."""
    oidc_issuer: Annotated[str, AfterValidator(_issuer)] | None = None
    """The company's OpenID provider, exactly as it names itself; with client id and secret, or not
    at all."""
    oidc_client_id: str | None = Field(default=None, min_length=1)
    oidc_client_secret: Annotated[SecretStr, AfterValidator(_not_typed)] | None = None
    oidc_tenant_claim: str | None = Field(default=None, min_length=1)
    """The claim that tells tenants of one issuer apart (`tid`, `hd`); without it must be none."""
    oidc_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Further hosts (`host[:port]`) of the issuer's endpoints, beside that of its own name."""

    security_contact: str = Field(
        default="https://deskstream.dev/security", pattern=r"^(https://|mailto:)[!-~]+$"
    )
    """Where a weakness may be reported: a line of `/api/security-txt` (RFC 9116)."""
    access_log: bool = True
    tracing: bool = True

    @property
    def factor_mandatory(self) -> bool:
        """Whether admins and managers may do nothing before they have set a second factor."""
        return self.profile == "prod"

    @property
    def hosts(self) -> frozenset[str]:
        """Every value of `Host` that is accepted."""
        return frozenset({urlsplit(self.public_url).netloc, *self.allowed_hosts})

    @property
    def internal_hosts(self) -> frozenset[str]:
        """Every value of `Host` that is accepted where console calls."""
        port = self.internal_port
        return self.hosts | {f"{host}:{port}" for host in (self.internal_host, "localhost")}

    @property
    def secrets_of_vendors(self) -> dict[str, tuple[str, ...]]:
        """What each vendor signs with."""
        return {
            name: tuple(secret.get_secret_value() for secret in given)
            for name, given in self.webhook_secrets.items()
        }

    @property
    def valkey(self) -> str | None:
        """The address with its password."""
        return None if self.valkey_url is None else self.valkey_url.get_secret_value()

    @property
    def upstreams(self) -> dict[str, str]:
        """Addresses of the services that are configured, by the names of the route table."""
        found = {
            "ticketing": self.upstream_ticketing,
            "notifier": self.upstream_notifier,
            "customer-identity": self.upstream_customer_identity,
            "commerce-gateway": self.upstream_commerce_gateway,
            "rag": self.upstream_rag,
        }
        return {name: address for name, address in found.items() if address is not None}

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        keys = (
            "subject_key",
            "session_pepper",
            "key_pepper",
            "audit_key",
            "factor_key",
            "mail_token_key",
        )
        values = [getattr(self, name).get_secret_value().lower() for name in keys]
        if len(set(values)) != len(values):
            raise ValueError(f"{', '.join(keys)} must differ from each other")
        oidc = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret)
        if any(oidc) and not all(oidc):
            raise ValueError("oidc_issuer, oidc_client_id and oidc_client_secret belong together")
        if self.profile == "prod" and (self.oidc_issuer or "https:").startswith("http:"):
            raise ValueError("oidc_issuer must be https in profile 'prod'")
        if self.profile == "prod" and not self.public_url.startswith("https://"):
            raise ValueError("public_url must be https in profile 'prod'")
        return self
