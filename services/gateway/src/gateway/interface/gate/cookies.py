"""The gateway's own cookies of sign-ins that are under way."""

from gateway.interface.gate.credentials import one_cookie
from gateway.interface.http.cookie import PENDING, WALK


def short_cookies(header: bytes | None) -> dict[str, str]:
    """Those of a walk to the issuer and of a pending sign-in, where each was sent once."""
    found = {name: one_cookie(header, name.encode("ascii")) for name in (WALK, PENDING)}
    return {name: value for name, value in found.items() if value is not None}
