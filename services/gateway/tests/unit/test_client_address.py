"""Whose address counts."""

import pytest

from gateway.interface.gate.address import ClientAddress


@pytest.mark.parametrize(
    ("peer", "forwarded", "told"),
    [
        ("203.0.113.9", b"198.51.100.1", "203.0.113.9"),
        ("10.0.0.5", None, "10.0.0.5"),
        ("10.0.0.5", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", b"1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", b"1.1.1.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.5", b"10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("10.0.0.5", b"1.1.1.1, nonsense", "10.0.0.5"),
        ("10.0.0.5", b"2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_nearest_untrusted_hop_is_the_client(
    peer: str, forwarded: bytes | None, told: str
) -> None:
    assert ClientAddress(["10.0.0.0/8"]).of(peer, forwarded) == told


def test_without_configured_proxies_the_header_is_never_read() -> None:
    assert ClientAddress([]).of("10.0.0.5", b"1.1.1.1") == "10.0.0.5"
