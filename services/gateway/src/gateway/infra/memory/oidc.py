"""Walks to the issuer and linked identities in memory. Docstrings: application/store.py."""

from datetime import datetime
from uuid import UUID

from gateway.domain.errors import IdentityTaken
from gateway.domain.oidc import OidcIdentity, OidcWalk
from gateway.infra.memory.state import State


class MemoryOidc:
    def __init__(self, state: State) -> None:
        self._state = state

    async def set_out(self, state_hash: bytes, walk: OidcWalk) -> None:
        self._state.walks[state_hash] = walk

    async def come_back(self, state_hash: bytes) -> OidcWalk | None:
        return self._state.walks.pop(state_hash, None)

    async def owner(self, identity: OidcIdentity) -> UUID | None:
        return self._state.identities.get(identity, (None, None))[0]

    async def link(self, identity: OidcIdentity, user_id: UUID, at: datetime) -> None:
        await self.unlink(user_id)
        if identity in self._state.identities:
            raise IdentityTaken("the identity opens another account")
        self._state.identities[identity] = (user_id, at)

    async def unlink(self, user_id: UUID) -> bool:
        others = {i: found for i, found in self._state.identities.items() if found[0] != user_id}
        gone = len(others) < len(self._state.identities)
        self._state.identities = others
        return gone
