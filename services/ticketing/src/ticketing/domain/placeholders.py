"""Canned responses: `{{customer.name}}` and the like, filled from a ticket."""

import re
from collections.abc import Mapping
from html import escape

from ticketing.domain.bodies import Body
from ticketing.domain.people import Person
from ticketing.domain.ticket import Ticket
from ticketing.domain.writing_errors import PlaceholderUnknown

KNOWN = frozenset(
    {
        "customer.name",
        "customer.first_name",
        "customer.email",
        "ticket.number",
        "ticket.subject",
        "agent.name",
        "agent.email",
    }
)
_FOUND = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def known_only(body: Body) -> Body:
    """The body itself. Raises PlaceholderUnknown with those that nobody could fill."""
    unknown = {name for name in _FOUND.findall(body.html) if name not in KNOWN}
    if unknown:
        raise PlaceholderUnknown(
            "nothing fills these", field="body_html", unknown=sorted(unknown), known=sorted(KNOWN)
        )
    return body


def values(ticket: Ticket, agent: Person | None) -> dict[str, str]:
    """What the placeholders stand for; what is not known is empty."""
    name = ticket.requester_name or ""
    return {
        "customer.name": name,
        "customer.first_name": name.split(" ")[0],
        "customer.email": ticket.requester_email or "",
        "ticket.number": str(ticket.number),
        "ticket.subject": ticket.subject,
        "agent.name": agent.name if agent else "",
        "agent.email": agent.email if agent else "",
    }


def fill(body: Body, found: Mapping[str, str]) -> Body:
    """With the values in place; in HTML they are text, never markup."""

    def html(match: re.Match[str]) -> str:
        return escape(found.get(match[1], ""))

    def text(match: re.Match[str]) -> str:
        return found.get(match[1], "")

    return Body(_FOUND.sub(html, body.html), _FOUND.sub(text, body.text))
