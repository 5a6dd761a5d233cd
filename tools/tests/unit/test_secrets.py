"""Secrets are made once, differ, and can be read by their owner only."""

from pathlib import Path

from deskstream_tools.local.secrets import KEYS, password, signing_keys, stack_secrets


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    made = stack_secrets(tmp_path)
    assert stack_secrets(tmp_path) == made
    assert set(made) == set(KEYS)
    assert len(set(made.values())) == len(KEYS)
    keys = signing_keys(tmp_path)
    text = keys.read_text()
    assert signing_keys(tmp_path).read_text() == text
    word = password(tmp_path / "admin-password")
    assert password(tmp_path / "admin-password") == word
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o600}


def test_a_secret_added_by_a_later_release_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"SUBJECT_KEY": "old"}')
    assert stack_secrets(tmp_path)["SUBJECT_KEY"] == "old"
    assert set(stack_secrets(tmp_path)) == set(KEYS)
