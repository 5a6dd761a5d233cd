"""Unsafe or senseless settings refuse to start."""

from typing import Any

import pytest
from pydantic import ValidationError

from notifier.settings import Settings

GOOD: dict[str, Any] = {
    "database_dsn": "postgresql://x",
    "bucket_url": "file:///tmp/bucket",
    "subject_key": "0123456789abcdef" * 4,
    "plus_token_key": "0123456789abcdef" * 4,
    "mail_token_key": "0123456789abcdef" * 4,
    "mail_domain": "shop.test",
    "mail_from": "support@shop.test",
    "public_url": "https://desk.shop.test/",
}


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
        {"profile": "prod", "smtp_host": "mail.shop.test", "smtp_user": "u", "smtp_password": "p"},
    ],
)
def test_a_bad_value_is_refused_without_being_shown(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**{**GOOD, **bad})
    assert "secret" not in str(caught.value)


def test_keys_and_passwords_are_never_shown() -> None:
    text = repr(Settings(**GOOD, smtp_password="hunter2"))
    assert "0123456789abcdef" not in text
    assert "hunter2" not in text
