"""The quote of an answer is told from the answer; what is written into it stays."""

import time

import pytest

from notifier.infra.inbound.html_quotes import split_html
from notifier.infra.inbound.quotes import split_text


@pytest.mark.parametrize(
    "text",
    [
        "I wrote: this\nis fine: ok\nTo: be done",
        "Hello\n\nFrom: my point of view\nit is fine",
        "> their words\nmy answer below",
        "see below\n\nOn Tuesday, Support wrote:\n> a?\nYes\n> b?\nNo",
        "On 3 Mar 2026, at 10:00, Support <s@s.test> wrote:\n> nothing new above",
    ],
)
def test_what_is_no_quote_or_is_written_into_stays(text: str) -> None:
    assert split_text(text).new == text
    assert split_text(text).quoted is None


def test_a_quote_without_introduction_is_cut_at_the_end() -> None:
    split = split_text("my answer\n\n> their words\n> more\n")
    assert (split.new, split.quoted) == ("my answer", "> their words\n> more")


def test_html_that_goes_on_below_the_quote_stays() -> None:
    html = '<p>a</p><blockquote type="cite">q</blockquote><p>and more</p>'
    assert split_html(html).quoted is None


@pytest.mark.parametrize(
    "hostile",
    ["<div>" * 60_000, "<a b=" * 60_000, "<!--" * 60_000, "<b><p>" * 40_000, "<" * 200_000],
)
def test_hostile_html_takes_no_time(hostile: str) -> None:
    began = time.process_time()
    split_html(hostile)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "hostile",
    [("On " + "a " * 100 + "\n") * 3000, "From: x\n" * 9000, "> x\ny\n" * 9000, "*" * 200_000],
)
def test_hostile_text_takes_no_time(hostile: str) -> None:
    began = time.process_time()
    split_text(hostile)
    assert time.process_time() - began < 5
