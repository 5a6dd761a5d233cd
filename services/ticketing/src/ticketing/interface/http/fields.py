"""Kinds of fields that several bodies share."""

import re
from typing import Annotated
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from deskstream_chassis.access import AccessDenied
from ticketing.application.ports import TicketRef
from ticketing.domain.errors import HeldMessageUnknown, ReplyUnknown
from ticketing.domain.writing_errors import CannedResponseUnknown, SignatureUnknown, ViewUnknown

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def _line(value: str) -> str:
    return _CONTROL.sub(" ", value).strip()


def _filled(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def _email(value: str) -> str:
    try:
        found = validate_email(value.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("is not an e-mail address") from None
    return found.normalized


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({value.casefold(): value for value in reversed(values)}.values())[::-1]


Subject = Annotated[
    str, StringConstraints(max_length=500), AfterValidator(_line), AfterValidator(_filled)
]
Name = Annotated[str, StringConstraints(max_length=200), AfterValidator(_line)]
Email = Annotated[str, StringConstraints(max_length=320), AfterValidator(_email)]
Copied = Annotated[tuple[Email, ...], Field(max_length=50), AfterValidator(_distinct)]
_Tag = Annotated[str, StringConstraints(max_length=100)]
Tags = Annotated[tuple[_Tag, ...], Field(max_length=60)]
TicketKey = Annotated[str, StringConstraints(min_length=1, max_length=40)]
"""A ticket, by id or number."""
Search = Annotated[str, StringConstraints(max_length=200), AfterValidator(_line)]
Text = Annotated[str, StringConstraints(max_length=600_000)]
"""Longer than any body may be: the domain says how long, with its own code."""
Staff = Annotated[tuple[UUID, ...], Field(max_length=50)]
Files = Annotated[tuple[UUID, ...], Field(max_length=50)]


class Strict(BaseModel):
    """A request body: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def ticket_ref(text: str) -> TicketRef:
    """`{id}` of a path: UUID or number. Anything else is a ticket that does not exist."""
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        return int(text)
    return known_id(text)


def known_id(text: str) -> UUID:
    """A UUID of a path. Raises AccessDenied (404) where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise AccessDenied("hidden") from None


def known_message(text: str) -> UUID:
    """A UUID of a path. Raises HeldMessageUnknown where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise HeldMessageUnknown("no message with this id is held here") from None


def known_reply(text: str) -> UUID:
    """A UUID of a path. Raises ReplyUnknown where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise ReplyUnknown("the ticket has no such reply") from None


def known_signature(text: str) -> UUID:
    """A UUID of a path. Raises SignatureUnknown where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise SignatureUnknown("no such signature of yours") from None


def known_response(text: str) -> UUID:
    """A UUID of a path. Raises CannedResponseUnknown where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise CannedResponseUnknown("no such canned response") from None


def known_view(text: str) -> UUID:
    """A UUID of a path. Raises ViewUnknown where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise ViewUnknown("no such view") from None


def assignee_ref(text: str | None) -> UUID | str | None:
    """An assignee by id or by e-mail."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        return text.strip()
