"""The cookies of sign-ins that are under way, read one way."""

import pytest

from gateway.interface.gate.cookies import short_cookies


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, {}),
        (b"", {}),
        (b"__Host-oidc=a", {"__Host-oidc": "a"}),
        (b"x=1; __Host-oidc=a=b ;__Host-sid=secret", {"__Host-oidc": "a=b"}),
        (
            b"__Host-oidc=a; __Host-pending=b; __Host-did=c",
            {"__Host-oidc": "a"} | {"__Host-pending": "b"},
        ),
        (b"__Host-oidc=a; __Host-oidc=b", {}),
        (b"__Host-oidc=a; __Host-oidc=b; __Host-oidc=c", {}),
        (b"__host-oidc=a; __Secure-oidc=b; oidc=c", {}),
        (b"__Host-oidc=" + b"a" * 513, {}),
        (b"__Host-oidc; __Host-pending=", {}),
    ],
)
def test_short_cookies_are_read_without_the_others_and_never_of_two(
    header: bytes | None, found: dict[str, str]
) -> None:
    assert short_cookies(header) == found
