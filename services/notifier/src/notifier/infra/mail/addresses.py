"""Addresses as the mail server needs them: IDN domains in ASCII, UTF-8 only where unavoidable."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address

from email_validator import EmailNotValidError, validate_email

from notifier.domain.addresses import Recipient, one_line
from notifier.domain.errors import BadAddress


@dataclass(frozen=True)
class Postal:
    """One recipient. `ascii` is None where the part before the @ needs SMTPUTF8 (RFC 6531)."""

    unicode: str
    ascii: str | None
    name: str

    def address(self, *, utf8: bool) -> str:
        """For RCPT and headers."""
        return self.unicode if utf8 or self.ascii is None else self.ascii

    def header(self, *, utf8: bool) -> Address:
        """With the name, for To and Cc."""
        local, _, domain = self.address(utf8=utf8).rpartition("@")
        return Address(display_name=self.name, username=local, domain=domain)


def postal(recipient: Recipient) -> Postal:
    """Checked and normalised. Raises BadAddress, which does not repeat the address.

    Reserved domains such as `.test` pass: what may be reached is the mail server's to say.
    """
    try:
        found = validate_email(
            recipient.address.strip(),
            check_deliverability=False,
            test_environment=True,
            globally_deliverable=False,
        )
    except EmailNotValidError:
        raise BadAddress from None
    return Postal(found.normalized, found.ascii_email, one_line(recipient.name or ""))


def needs_utf8(recipients: Sequence[Postal]) -> bool:
    """Whether any of them can be reached by SMTPUTF8 only."""
    return any(recipient.ascii is None for recipient in recipients)
