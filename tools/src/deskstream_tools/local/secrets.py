"""The stack's secrets: made once, kept in the data folder, mode 0600."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

KEYS = (
    "SUBJECT_KEY",
    "SESSION_PEPPER",
    "KEY_PEPPER",
    "AUDIT_KEY",
    "FACTOR_KEY",
    "MAIL_TOKEN_KEY",
    "PLUS_TOKEN_KEY",
    "TELEPHONY_SECRET",
)


def stack_secrets(folder: Path) -> Mapping[str, str]:
    """256-bit keys as 64 hexadecimal digits, by the name of the setting."""
    path = folder / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: secrets.token_hex(32) for name in KEYS if name not in known}
    if missing:
        known |= missing
        write_private(path, json.dumps(known, indent=2))
    return known


def signing_keys(folder: Path) -> Path:
    """The file of the gateway's private keys (Ed25519, a JWK set)."""
    path = folder / "signing-keys.json"
    if not path.exists():
        from joserfc.jwk import KeySet, OKPKey  # slow to import, needed once

        key = OKPKey.generate_key("Ed25519", {"kid": secrets.token_hex(8), "use": "sig"})
        write_private(path, json.dumps(KeySet([key]).as_dict(private=True)))
    return path


def password(path: Path) -> str:
    """The password in a file; made where there is none."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(18) + "\n")
    return path.read_text(encoding="utf-8").strip()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".fresh")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.rename(path)
