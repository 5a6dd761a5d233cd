"""What browsers are called in the list of sessions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.device import _BROWSERS, _SYSTEMS, UNKNOWN, device_of


@pytest.mark.parametrize(
    ("header", "device"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        ("curl/8.5.0", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_device_is_named_by_browser_and_system(header: str, device: str) -> None:
    assert device_of(header) == device


@given(st.text())
def test_nothing_of_the_header_itself_is_kept(header: str) -> None:
    browser, _, system = device_of(header).partition(", ")
    assert browser in {name for _, name in _BROWSERS} | {UNKNOWN}
    assert system in {name for _, name in _SYSTEMS} | {""}
