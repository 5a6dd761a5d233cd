"""Second factors and pending sign-ins in memory. Docstrings: application/store.py."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from gateway.domain.factor import Factor, Pending
from gateway.infra.memory.state import State


class MemoryFactors:
    def __init__(self, state: State) -> None:
        self._state = state

    async def find(self, user_id: UUID) -> Factor:
        return self._state.factors.get(user_id, Factor())

    async def save(self, user_id: UUID, factor: Factor) -> None:
        self._state.factors[user_id] = factor

    async def remove(self, user_id: UUID) -> None:
        self._state.factors.pop(user_id, None)
        self._state.recovery.pop(user_id, None)

    async def set_recovery(self, user_id: UUID, hashes: Sequence[bytes]) -> None:
        self._state.recovery[user_id] = frozenset(hashes)

    async def spend(self, user_id: UUID, code_hash: bytes) -> bool:
        left = self._state.recovery.get(user_id, frozenset())
        self._state.recovery[user_id] = left - {code_hash}
        return code_hash in left


class MemoryPendingSignIns:
    def __init__(self, state: State) -> None:
        self._state = state

    async def add(self, token_hash: bytes, pending: Pending) -> None:
        self._state.pending[token_hash] = pending

    async def find(self, token_hash: bytes) -> Pending | None:
        return self._state.pending.get(token_hash)

    async def miss(self, token_hash: bytes) -> None:
        known = self._state.pending[token_hash]
        self._state.pending[token_hash] = replace(known, tries=known.tries + 1)

    async def drop(self, token_hash: bytes) -> None:
        self._state.pending.pop(token_hash, None)

    async def void(self, user_id: UUID) -> None:
        kept = {k: one for k, one in self._state.pending.items() if one.user_id != user_id}
        self._state.pending = kept
