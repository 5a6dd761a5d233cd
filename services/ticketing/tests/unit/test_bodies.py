"""Texts of messages."""

import pytest

from ticketing.application.ports import RawBody
from ticketing.domain.bodies import BODY_LIMIT
from ticketing.domain.errors import BodyMissing, BodyTooLarge
from ticketing.infra.html import clean_body


def test_plain_text_becomes_html_that_shows_it():
    body = clean_body(RawBody(text="a < b\nc\n\nd"))
    assert body.html == "<p>a &lt; b<br>c</p><p>d</p>"
    assert body.text == "a < b\nc\n\nd"


def test_html_wins_and_is_cleaned():
    body = clean_body(RawBody(html="<p onload=x()>Hi</p><style>p{}</style>", text="other"))
    assert (body.html, body.text) == ("<p>Hi</p>", "Hi")


@pytest.mark.parametrize("raw", [RawBody(text=" "), RawBody(html="<p></p>"), RawBody()])
def test_a_text_of_nothing_is_refused(raw):
    with pytest.raises(BodyMissing):
        clean_body(raw)


def test_more_than_256_kib_of_utf_8_are_refused():
    clean_body(RawBody(text="x" * (BODY_LIMIT - 10)))
    for text in ("x" * (BODY_LIMIT + 1), "é" * (BODY_LIMIT // 2 + 1)):
        with pytest.raises(BodyTooLarge):
            clean_body(RawBody(text=text))
        with pytest.raises(BodyTooLarge):
            clean_body(RawBody(html=f"<p>{text}</p>"))


def test_what_cannot_be_stored_is_left_out():
    assert clean_body(RawBody(text="a\x00b\ud800c")).text == "abc"
