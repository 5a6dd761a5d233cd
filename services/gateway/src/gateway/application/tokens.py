"""Tokens of sessions and what is derived from them."""

from collections.abc import Callable
from uuid import UUID

from gateway.domain.session import csrf_token


class SessionTokens:
    """Makes session tokens and their header tokens; the pepper never lies in the database."""

    def __init__(self, pepper: bytes, new_token: Callable[[], str]) -> None:
        self._pepper, self._new_token = pepper, new_token

    def new(self) -> str:
        """256 random bits as text."""
        return self._new_token()

    def csrf(self, session_id: UUID) -> str:
        """What `X-CSRF-Token` must carry for this session."""
        return csrf_token(self._pepper, session_id)
