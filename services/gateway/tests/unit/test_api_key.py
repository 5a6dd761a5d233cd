"""API keys: spelling, scopes, life."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.api_key import (
    ALPHABET,
    ID_LENGTH,
    SCOPES,
    SECRET_LENGTH,
    ApiKey,
    accept_life,
    accept_scopes,
    parse,
    secret_hash,
    spell,
)
from gateway.domain.errors import InvalidInput, UnknownScope

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
IDS = st.text(ALPHABET, min_size=ID_LENGTH, max_size=ID_LENGTH)
SECRETS = st.text(ALPHABET, min_size=SECRET_LENGTH, max_size=SECRET_LENGTH)


@given(IDS, SECRETS)
def test_what_is_spelled_is_parsed_back(key_id: str, secret: str) -> None:
    assert parse(spell(key_id, secret)) == (key_id, secret)


@given(IDS, SECRETS, st.data())
def test_one_wrong_character_is_noticed(key_id: str, secret: str, data: st.DataObject) -> None:
    key = spell(key_id, secret)
    place = data.draw(st.integers(0, len(key) - 1))
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != key[place]]))
    assert parse(key[:place] + other + key[place + 1 :]) is None


@given(st.text())
def test_anything_else_is_no_key(presented: str) -> None:
    assert parse(presented) is None


def test_the_same_secret_is_kept_differently_per_key_and_pepper() -> None:
    kept = {secret_hash(p, k, "s") for p in (b"1", b"2") for k in ("a", "b")}
    assert len(kept) == 4


def test_every_known_scope_may_be_given_by_an_admin_and_the_operator() -> None:
    assert accept_scopes(SCOPES, creator="admin") == tuple(sorted(SCOPES))
    assert accept_scopes(["events", "events"], creator=None) == ("events",)


@pytest.mark.parametrize("scopes", [[], ["tickets:all"], ["cron:nonsense"], ["events", "admin"]])
def test_no_scope_and_unknown_scopes_are_refused(scopes: list[str]) -> None:
    with pytest.raises(UnknownScope):
        accept_scopes(scopes, creator="admin")


def test_a_manager_has_no_right_to_give_one() -> None:
    with pytest.raises(UnknownScope):
        accept_scopes(["tickets:create"], creator="manager")


def test_an_end_in_the_past_and_a_silly_rate_are_refused() -> None:
    with pytest.raises(InvalidInput):
        accept_life(expires_at=NOW, rate_per_minute=None, now=NOW)
    for rate in (0, -1, 10**9):
        with pytest.raises(InvalidInput):
            accept_life(expires_at=None, rate_per_minute=rate, now=NOW)


def test_it_works_until_it_expires_or_is_revoked() -> None:
    key = ApiKey("k", "n", ("events",), None, None, NOW, expires_at=NOW + timedelta(hours=1))
    assert key.usable(NOW)
    assert not key.usable(NOW + timedelta(hours=1))
    revoked = ApiKey("k", "n", ("events",), None, None, NOW, None, revoked_at=NOW)
    assert not revoked.usable(NOW)
