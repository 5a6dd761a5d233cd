"""The gateway's signing keys: a file of private Ed25519 keys, read at start, changed by overlap.

The file is a JWK set. Its first key signs; all are published. To change keys: put a new one at the
end and restart (everybody learns it), a minute later move it to the front and restart (it signs), a
minute later take the old one out.
"""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from deskstream_chassis.identity.tokens import TokenSigner
from deskstream_chassis.logs import log


class SigningKeysUnusable(Exception):
    """The file is missing, open to others, or holds something else; the message quotes no key."""


def load_signing_keys(path: Path) -> KeySet:
    """The private keys in their order. Raises SigningKeysUnusable."""
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except OSError as error:
        raise SigningKeysUnusable(f"cannot be read: {type(error).__name__}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SigningKeysUnusable("is open to other users; its mode must be 0600")
    try:
        found = [OKPKey.import_key(entry) for entry in json.loads(text)["keys"]]
    except (ValueError, KeyError, TypeError, JoseError):
        raise SigningKeysUnusable("is not a JWK set of Ed25519 keys") from None
    if not found:
        raise SigningKeysUnusable("holds no key")
    for key in found:
        if key.curve_name != "Ed25519" or not key.is_private or not key.kid:
            raise SigningKeysUnusable("holds a key that is not a private Ed25519 key with a kid")
    if len({key.kid for key in found}) != len(found):
        raise SigningKeysUnusable("holds two keys of one kid")
    return KeySet([*found])


def signer_from(path: Path) -> TokenSigner:
    """Signs with the keys of a file. Raises SigningKeysUnusable, having said why."""
    try:
        return TokenSigner(load_signing_keys(path))
    except SigningKeysUnusable as error:
        log.error("signing_keys_file cannot be used", reason=str(error))
        raise


def new_signing_key() -> dict[str, Any]:
    """A fresh private JWK, its kid the thumbprint."""
    key = OKPKey.generate_key("Ed25519")
    key.ensure_kid()
    return {**key.as_dict(private=True), "kid": key.kid, "use": "sig", "alg": "EdDSA"}


def write_signing_keys(path: Path, make: Callable[[], dict[str, Any]] = new_signing_key) -> None:
    """A new file with one key, mode 0600. Raises FileExistsError: keys are never overwritten."""
    text = json.dumps({"keys": [make()]}, indent=2)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
