"""No service starts with a key that is missing, short or looks typed; it says which."""

import asyncio
import os
import secrets
import sys

import pytest

KEYS = {
    "gateway": (
        *("SUBJECT_KEY", "SESSION_PEPPER", "KEY_PEPPER", "AUDIT_KEY", "FACTOR_KEY"),
        "MAIL_TOKEN_KEY",
    ),
    "ticketing": ("SUBJECT_KEY", "PLUS_TOKEN_KEY"),
    "notifier": ("SUBJECT_KEY", "PLUS_TOKEN_KEY", "MAIL_TOKEN_KEY"),
}
REST = {
    "DATABASE_DSN": "postgresql://nobody@127.0.0.1:9/nothing",
    "BUCKET_URL": "file:///nowhere",
    "SIGNING_KEYS_FILE": "nowhere.json",
    "PUBLIC_URL": "https://desk.shop.test",
    "MAIL_DOMAIN": "shop.test",
    "MAIL_FROM": "support@shop.test",
}
BAD = {
    "missing": None,
    "short": secrets.token_hex(16),
    "typed": "0123456789abcdef" * 4,
}


@pytest.mark.threat("S7")
@pytest.mark.parametrize("service", KEYS)
@pytest.mark.parametrize("kind", BAD)
async def test_a_service_names_every_key_that_is_no_key_and_does_not_start(
    service: str, kind: str
) -> None:
    bad = BAD[kind]
    given = REST | dict.fromkeys(KEYS[service], bad)
    prefix = service.upper()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", service, "api"),
        env={
            "PATH": os.environ["PATH"],
            **{f"{prefix}_{name}": value for name, value in given.items() if value is not None},
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2, (out, err)
    said = err.decode()
    assert {line.partition(":")[0] for line in said.splitlines()} == {
        name.lower() for name in KEYS[service]
    }
    assert bad is None or bad not in said
