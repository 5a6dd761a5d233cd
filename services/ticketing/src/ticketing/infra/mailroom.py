"""Our mailboxes: whose they are, and which of their addresses name a ticket."""

from collections.abc import Mapping
from uuid import UUID

from deskstream_chassis.plus_token import PlusTokens
from deskstream_events.gateway.team import SUPPORT_TEAM_ID


class Mailboxes:
    """See receive_mail.Mailroom."""

    def __init__(self, tokens: PlusTokens, teams: Mapping[str, UUID]) -> None:
        self._tokens = tokens
        self._teams = {mailbox.casefold(): team for mailbox, team in teams.items()}

    def ticket_of(self, address: str) -> UUID | None:
        """By the signed token."""
        return self._tokens.find(address)

    def team_of(self, mailbox: str) -> UUID:
        """Support where nothing else is said."""
        return self._teams.get(mailbox.casefold(), SUPPORT_TEAM_ID)

    def is_ours(self, address: str, mailbox: str) -> bool:
        """Also another mailbox of ours."""
        local, _, domain = address.strip().casefold().rpartition("@")
        bare = f"{local.partition('+')[0]}@{domain}"
        return bare == mailbox.casefold() or bare in self._teams
