"""Unsafe settings do not start."""

import secrets
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings import Settings

KEYS = ("subject_key", "session_pepper", "key_pepper", "audit_key", "factor_key", "mail_token_key")


def settings(**changed: Any) -> Settings:
    given = {name: secrets.token_hex(32) for name in KEYS} | {
        "database_dsn": "postgresql://x",
        "signing_keys_file": "keys.json",
        "public_url": "https://desk.shop.test",
    }
    return Settings(**{k: v for k, v in (given | changed).items() if v is not None})


def test_good_settings_start() -> None:
    found = settings(allowed_hosts="a.test, b.test:1", trusted_proxies="10.0.0.0/8")
    assert found.hosts == {"desk.shop.test", "a.test", "b.test:1"}
    assert found.trusted_proxies == ("10.0.0.0/8",)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "changeme",
        secrets.token_hex(16),
        "00" * 32,
        "0123456789abcdef" * 4,
        bytes(range(32)).hex(),
        b"please-change-me".hex() * 2,
    ],
)
def test_a_missing_short_or_default_looking_secret_is_refused_by_name(
    name: str, value: str | None
) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**{name: value})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]
    assert not value or value not in str(refused.value)


def test_two_secrets_may_not_be_the_same() -> None:
    one = secrets.token_hex(32)
    with pytest.raises(ValidationError, match="must differ"):
        settings(session_pepper=one, key_pepper=one)


@pytest.mark.parametrize(
    "url", ["desk.test", "ftp://desk.test", "https://desk.test/x", "https://a@b"]
)
def test_the_public_url_is_an_origin(url: str) -> None:
    with pytest.raises(ValidationError):
        settings(public_url=url)


def test_production_is_https() -> None:
    with pytest.raises(ValidationError, match="https"):
        settings(profile="prod", public_url="http://desk.shop.test")


def test_a_proxy_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValidationError):
        settings(trusted_proxies="everybody")


@pytest.mark.parametrize(
    ("vendor", "given"),
    [
        ("3cx", []),
        ("3cx", ["short"]),
        ("shopify", ["changeme-changeme-changeme"]),
        ("quickbooks", [secrets.token_hex(20), "0123456789abcdef0123456789abcdef"]),
        ("shopify", [secrets.token_hex(20) for _ in range(3)]),
        ("mail", [secrets.token_hex(20)]),
        ("mail", ["whsec_f3a9c1d877b04e5290ab*"]),
        ("acme", [secrets.token_hex(20)]),
    ],
)
def test_a_vendors_secret_that_is_no_good_is_refused_by_its_name(
    vendor: str, given: list[str]
) -> None:
    with pytest.raises(ValidationError, match=f"(?s)webhook_secrets.*{vendor}: ") as refused:
        settings(webhook_secrets={vendor: given})
    assert not any(secret in str(refused.value) for secret in given)


def test_a_vendors_secrets_are_read_and_never_shown() -> None:
    given = {"3cx": (secrets.token_hex(20), secrets.token_hex(20))}
    found = settings(webhook_secrets=given)
    assert found.secrets_of_vendors == given
    assert given["3cx"][0] not in repr(found)


def test_a_second_factor_is_mandatory_in_production_alone() -> None:
    assert settings(profile="prod").factor_mandatory
    assert not settings(profile="dev").factor_mandatory


OIDC = {
    "oidc_issuer": "https://id.shop.test/tenant",
    "oidc_client_id": "desk",
    "oidc_client_secret": secrets.token_urlsafe(24),
}


def test_an_issuer_comes_with_client_and_secret_or_not_at_all() -> None:
    found = settings(**OIDC, oidc_hosts="keys.id.test, token.id.test:8443")
    assert found.oidc_hosts == ("keys.id.test", "token.id.test:8443")
    for name in OIDC:
        with pytest.raises(ValidationError, match="belong together"):
            settings(**OIDC | {name: None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("oidc_issuer", "id.shop.test"),
        ("oidc_issuer", "https://a@id.shop.test"),
        ("oidc_issuer", "https://id.shop.test?x"),
        ("oidc_client_id", ""),
        ("oidc_client_secret", "changeme"),
        ("oidc_client_secret", "x" * 40),
        ("oidc_tenant_claim", ""),
    ],
)
def test_an_unusable_issuer_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**OIDC | {name: value})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_production_asks_no_issuer_over_http() -> None:
    with pytest.raises(ValidationError, match="oidc_issuer must be https"):
        settings(profile="prod", **OIDC | {"oidc_issuer": "http://id.shop.test"})


def test_valkey_is_an_address_of_its_kind_and_its_password_is_not_shown() -> None:
    found = settings(valkey_url="valkey://:quiet-word@valkey:6379/0")
    assert found.valkey == "valkey://:quiet-word@valkey:6379/0"
    assert "quiet-word" not in repr(found)
    assert settings(valkey_url="").valkey is None
    for wrong in ("http://valkey:6379", "valkey:6379", "valkey://"):
        with pytest.raises(ValidationError, match="valkey_url"):
            settings(valkey_url=wrong)
