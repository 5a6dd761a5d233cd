"""Unsafe or senseless settings refuse to start."""

import secrets
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.settings import Settings

KEYS = ("subject_key", "plus_token_key", "mail_token_key")
GOOD: dict[str, Any] = {
    "database_dsn": "postgresql://x",
    "bucket_url": "file:///tmp/bucket",
    **{name: secrets.token_hex(32) for name in KEYS},
    "mail_domain": "shop.test",
    "mail_from": "support@shop.test",
    "public_url": "https://desk.shop.test/",
}
FETCHED = {"imap_host": "mail.shop.test", "imap_user": "u", "imap_password": "secret"}


def test_a_mailbox_to_fetch_from_is_one_of_ours() -> None:
    named = FETCHED | {"mailboxes": "sales@shop.test", "imap_mailbox": "sales@shop.test"}
    settings = Settings(**GOOD, **named, profile="prod")
    assert settings.imap_mailbox == "sales@shop.test"
    assert "secret" not in repr(settings)


def test_the_public_address_has_no_slash_at_its_end() -> None:
    assert Settings(**GOOD).public_url == "https://desk.shop.test"


@pytest.mark.parametrize(
    "bad",
    [
        {"mail_from": "support+x@shop.test"},
        {"mail_from": "support"},
        {"public_url": "desk.shop.test"},
        {"mail_token_key": "secret"},
        {"mail_domain": "shop.test\r\nBcc"},
        {"imap_host": "mail.shop.test"},
        {"imap_host": "mail.shop.test", "imap_user": "u"},
        {"imap_password": "secret"},
        {**FETCHED, "profile": "prod", "imap_tls": False},
        {**FETCHED, "imap_mailbox": "strangers@shop.test"},
        {"profile": "prod", "smtp_host": "mail.shop.test", "smtp_user": "u", "smtp_password": "p"},
    ],
)
def test_a_bad_value_is_refused_without_being_shown(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**{**GOOD, **bad})
    assert "secret" not in str(caught.value)


def test_keys_and_passwords_are_never_shown() -> None:
    text = repr(Settings(**GOOD, smtp_password="hunter2"))
    assert not any(GOOD[name] in text for name in KEYS)
    assert "hunter2" not in text


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("value", [None, "", "changeme", "00" * 32, "0123456789abcdef" * 4])
def test_a_missing_short_or_default_looking_key_is_refused_by_name(
    name: str, value: str | None
) -> None:
    given = {k: v for k, v in (GOOD | {name: value}).items() if v is not None}
    with pytest.raises(ValidationError) as caught:
        Settings(**given)
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


def test_two_keys_may_not_be_the_same() -> None:
    same = GOOD | {"plus_token_key": GOOD["mail_token_key"]}
    with pytest.raises(ValidationError, match="must differ"):
        Settings(**same)
