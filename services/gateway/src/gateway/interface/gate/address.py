"""The client's address: the socket's peer, or what a configured proxy says stood before it."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network


class ClientAddress:
    """Reads `X-Forwarded-For` only from configured proxies, from the right, up to the first hop
    that is none of them. Any other header about addresses is never read."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = [ip_network(text) for text in trusted]

    def of(self, peer: str, forwarded: bytes | None) -> str:
        """The address as text; `peer` where nothing better is known."""
        if not self._trusted or forwarded is None or not self._is_trusted(peer):
            return peer
        nearest = peer
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            try:
                nearest = str(ip_address(hop.strip()))
            except ValueError:
                return nearest
            if not self._is_trusted(nearest):
                return nearest
        return nearest

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._trusted)
