"""The file of signing keys."""

import json
from pathlib import Path

import pytest

from deskstream_chassis.access import Actor
from deskstream_chassis.identity.tokens import KeyCache, TokenRejected, TokenSigner, TokenVerifier
from gateway.infra.signing_keys import (
    SigningKeysUnusable,
    load_signing_keys,
    new_signing_key,
    write_signing_keys,
)

CALLER = Actor("key", "k1", scopes=frozenset({"tickets:create"}))


def verifier(signer: TokenSigner) -> TokenVerifier:
    async def published() -> dict[str, object]:
        return dict(signer.public_set())

    return TokenVerifier(KeyCache(published), "ticketing")


def file_of(path: Path, *keys: dict[str, object]) -> Path:
    path.touch(0o600)
    path.write_text(json.dumps({"keys": keys}))
    return path


async def test_what_the_written_file_signs_verifies(tmp_path: Path) -> None:
    write_signing_keys(tmp_path / "keys.json")
    signer = TokenSigner(load_signing_keys(tmp_path / "keys.json"))
    assert await verifier(signer).verify(signer.sign(CALLER, "ticketing")) == CALLER


async def test_keys_change_by_overlap(tmp_path: Path) -> None:
    old, new = new_signing_key(), new_signing_key()
    first = TokenSigner(load_signing_keys(file_of(tmp_path / "1", old, new)))
    second = TokenSigner(load_signing_keys(file_of(tmp_path / "2", new, old)))
    third = TokenSigner(load_signing_keys(file_of(tmp_path / "3", new)))
    token = first.sign(CALLER, "ticketing")
    assert await verifier(second).verify(token) == CALLER
    with pytest.raises(TokenRejected):
        await verifier(third).verify(token)
    assert await verifier(first).verify(second.sign(CALLER, "ticketing")) == CALLER


def test_only_public_parts_are_published(tmp_path: Path) -> None:
    published = TokenSigner(load_signing_keys(file_of(tmp_path / "k", new_signing_key())))
    assert '"d"' not in json.dumps(published.public_set())


def test_a_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path / "k", new_signing_key())
    path.chmod(0o640)
    with pytest.raises(SigningKeysUnusable, match="0600"):
        load_signing_keys(path)


def test_a_file_that_is_missing_empty_or_something_else_is_refused(tmp_path: Path) -> None:
    public = {k: v for k, v in new_signing_key().items() if k != "d"}
    without_kid = {k: v for k, v in new_signing_key().items() if k != "kid"}
    twice = new_signing_key()
    bad = [
        tmp_path / "missing",
        file_of(tmp_path / "none"),
        file_of(tmp_path / "public", public),
        file_of(tmp_path / "without-kid", without_kid),
        file_of(tmp_path / "twice", twice, twice),
    ]
    text = tmp_path / "text"
    text.touch(0o600)
    text.write_text("not json")
    for path in (*bad, text):
        with pytest.raises(SigningKeysUnusable):
            load_signing_keys(path)


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    write_signing_keys(tmp_path / "keys.json")
    with pytest.raises(FileExistsError):
        write_signing_keys(tmp_path / "keys.json")
