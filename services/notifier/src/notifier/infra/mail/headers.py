"""How the headers of our mails are written where the standard library would spoil them."""

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.policy import Policy


class MailIds(UnstructuredHeader, BaseHeader):
    """Message-IDs, each on a line and as it is: the standard library makes encoded words of long
    ones, in which no mail program finds the mail meant."""

    def fold(self, *, policy: Policy) -> str:
        """See email.headerregistry."""
        return f"{self.name}: {f'{policy.linesep} '.join(self.split())}{policy.linesep}"


HEADERS = HeaderRegistry()
for name in ("In-Reply-To", "References"):
    HEADERS.map_to_type(name, MailIds)
