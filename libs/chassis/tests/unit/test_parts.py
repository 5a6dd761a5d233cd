"""The small parts: settings, clock, ids, sealing, plus addresses, HTML."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.clock import FixedClock, SystemClock
from deskstream_chassis.html import (
    MAX_BODY,
    BodyTooLong,
    clean_html,
    html_to_text,
    text_to_html,
)
from deskstream_chassis.ids import new_id
from deskstream_chassis.plus_token import BadPlusToken, PlusTokens
from deskstream_chassis.sealed import NotSealed, Sealer
from deskstream_chassis.settings import ServiceSettings, key_bytes


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="PARTS_")


KEY = "9d4f0c7be12a6358f7c4a91e5d30b286731fe8c5024db96a8f57e3c1b04d962a"
GOOD: dict[str, Any] = {
    "database_dsn": "postgresql:///x",
    "api_port": 8410,
    "ops_port": 8411,
    "bucket_url": "file:///x",
    "subject_key": KEY,
}


def test_settings_come_from_the_environment_under_the_service_s_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(f"PARTS_{name.upper()}", str(value))
    monkeypatch.setenv("OTHER_API_PORT", "1")
    assert Settings().api_port == 8410


@pytest.mark.parametrize(
    "bad",
    [
        {"subject_key": "ab"},
        {"subject_key": "zz" * 32},
        {"subject_key": "00" * 32},
        {"subject_key": "0123456789abcdef" * 4},
        {"subject_key": bytes(range(32)).hex()},
        {"subject_key": b"please-change-me".hex() * 2},
        {"profile": "dev", "clock_offset_file": "/x"},
        {"profile": "prod", "clock_offset_file": "/x"},
        {"profile": "staging"},
        {"api_port": 0},
        {"ops_port": 70_000},
        {"database_size": 0},
        {"topic_prefix": "UP PER"},
        {"log_level": "loud"},
        {"shutdown_seconds": 0},
    ],
    ids=str,
)
def test_unsafe_settings_are_refused_without_showing_them(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**{**GOOD, **bad})
    assert KEY not in str(refused.value)
    assert str(bad.get("subject_key", "-none-")) not in str(refused.value)


def test_settings_are_frozen_and_keep_their_secrets() -> None:
    settings = Settings(**GOOD)
    with pytest.raises(ValidationError):
        settings.api_port = 1
    assert KEY not in repr(settings)
    assert "postgresql" not in repr(settings)
    assert key_bytes(settings.subject_key) == bytes.fromhex(KEY)


def test_the_clock_is_aware_and_moves_by_the_offset_file(tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    clock = SystemClock(offset)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    offset.write_text("3600\n")
    assert timedelta(minutes=59) < clock.now() - datetime.now(UTC) < timedelta(minutes=61)
    offset.write_text("")
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    offset.write_text("soon")
    with pytest.raises(ValueError, match="soon"):
        clock.now()


def test_a_fixed_clock_stands_still_and_refuses_naive_times() -> None:
    clock = FixedClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    clock.advance(hours=2)
    assert clock.now() == clock.now() == datetime(2026, 3, 1, 14, tzinfo=UTC)
    with pytest.raises(ValueError, match="naive"):
        FixedClock(datetime(2026, 3, 1))  # noqa: DTZ001


def test_ids_are_uuid7_in_order() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert {id_.version for id_ in made} == {7}
    assert len(set(made)) == 1000


@given(st.text())
def test_what_is_sealed_opens_again(plain: str) -> None:
    sealer = Sealer(b"k" * 32, "verify-email")
    assert sealer.unseal(sealer.seal(plain)) == plain


def test_a_seal_holds_for_one_key_and_one_purpose() -> None:
    sealed = Sealer(b"k" * 32, "verify-email").seal("secret")
    assert "secret" not in sealed
    assert sealed != Sealer(b"k" * 32, "verify-email").seal("secret")
    for other in (Sealer(b"o" * 32, "verify-email"), Sealer(b"k" * 32, "reset")):
        with pytest.raises(NotSealed):
            other.unseal(sealed)
    for damaged in ("", "x", "é", sealed[:-4], sealed[4:], sealed.swapcase()):
        with pytest.raises(NotSealed):
            Sealer(b"k" * 32, "verify-email").unseal(damaged)
    with pytest.raises(ValueError, match="32"):
        Sealer(b"short", "x")


PLUS = PlusTokens(b"p" * 32)


def test_a_plus_address_names_its_ticket_even_when_its_case_was_folded() -> None:
    ticket = uuid4()
    address = PLUS.address("support@shop.example", ticket)
    assert re.fullmatch(r"support\+[a-z2-7]{42}@shop\.example", address)
    assert len(address.partition("@")[0]) <= 64
    assert PLUS.find(address) == PLUS.find(address.upper()) == ticket
    assert PLUS.verify(PLUS.sign(ticket)) == ticket


@pytest.mark.parametrize("token", ["", "a", "!" * 42, "a" * 42, "é" * 42, "a" * 4000, "a b"])
def test_a_plus_token_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(BadPlusToken):
        PLUS.verify(token)
    assert PLUS.find(f"support+{token}@shop.example") is None


def test_a_plus_token_of_another_key_or_ticket_is_refused() -> None:
    token = PLUS.sign(uuid4())
    with pytest.raises(BadPlusToken):
        PlusTokens(b"q" * 32).verify(token)
    with pytest.raises(BadPlusToken):
        PLUS.verify(PLUS.sign(uuid4())[:26] + token[26:])
    assert PLUS.find("support@shop.example") is None


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVa\tScript:alert(1)'>x</a>",
    "<svg onload=alert(1)>",
    "<iframe src='https://evil.example'></iframe>",
    "<form action='/api'><input name=x></form>",
    "<style>body{background:url(https://evil.example)}</style>",
    "<p style='position:fixed'>x</p>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example'>",
    "<object data=x></object><embed src=x>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<img src='http://evil.example/track.gif'>",
    "<img src='data:image/svg+xml;base64,AAAA'>",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<template><script>alert(1)</script></template>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_cleaned_html_runs_and_fetches_nothing(attack: str) -> None:
    clean = clean_html(f"<p>before</p>{attack}<p>after</p>").lower()
    for sign in ("<script", "onerror", "onload", "javascript:", "<iframe", "<form", "<input",
                 "<style", "style=", "<meta", "<base", "<object", "<embed", "data:", "http://evil",
                 "<svg", "<math", "<!--", "\x00"):  # fmt: skip
        assert sign not in clean
    assert "before" in clean


def test_what_people_write_stays() -> None:
    html = (
        '<p>Hello <b>Anna</b>, see <a href="https://shop.example/x">here</a></p>'
        '<ul><li>one</li></ul><table><tbody><tr><td colspan="2">x</td></tr></tbody></table>'
        '<img src="cid:logo" alt="logo">'
    )
    clean = clean_html(html)
    assert clean.replace(' rel="noopener noreferrer nofollow"', "") == html


@given(st.text(alphabet=st.sampled_from(list("<>/=\"' abips&;x!-\n")), max_size=200))
def test_cleaning_twice_changes_nothing(html: str) -> None:
    assert clean_html(clean_html(html)) == clean_html(html)


def test_elements_nested_without_end_are_shown_as_their_words() -> None:
    deep = "<div>" * 50_000 + "help <b>me</b>"
    assert html_to_text(deep) == "help me"
    assert "<div>" not in clean_html(deep)
    assert clean_html("<div>" * 100 + "x").count("<div>") == 100
    assert clean_html("<p>a" * 2_000).count("<p>") == 2_000


def test_a_body_has_256_kib_at_most() -> None:
    assert clean_html("x" * MAX_BODY)
    for take in (clean_html, text_to_html, html_to_text):
        with pytest.raises(BodyTooLong):
            take("é" * (MAX_BODY // 2 + 1))


def test_html_as_text_keeps_blocks_lists_and_links() -> None:
    html = (
        "<h1>Your order</h1><p>Hello&nbsp;Anna &amp; Bob,<br>it  has\nleft.</p>"
        "<ul><li>Acid</li><li>Base</li></ul>"
        '<p><a href="https://shop.example/t">Track it</a></p>'
        '<p><a href="https://shop.example/u">https://shop.example/u</a></p>'
        "<script>alert(1)</script><pre>a\n  b</pre>"
    )
    assert html_to_text(html).splitlines() == [
        "Your order", "", "Hello Anna & Bob,", "it has left.", "", "- Acid", "- Base", "",
        "Track it <https://shop.example/t>", "", "https://shop.example/u", "", "a", "b",
    ]  # fmt: skip


def test_text_as_html_shows_markup_instead_of_obeying_it() -> None:
    assert text_to_html("a <b>\r\nc & d\n\ne") == "<p>a &lt;b&gt;<br>c &amp; d</p><p>e</p>"
    assert html_to_text(text_to_html("1 < 2\n\nline\nnext")) == "1 < 2\n\nline\nnext"
