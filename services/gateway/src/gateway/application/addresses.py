"""E-mail addresses as they are accepted."""

from email_validator import EmailNotValidError, validate_email

from gateway.domain.errors import InvalidInput

LONGEST = 254


def accept_email(value: str, *, field: str = "email") -> str:
    """The normal form. Syntax only, without DNS; hosts without a dot and below `.test` are for
    local stacks. Raises InvalidInput, which does not show the value."""
    try:
        found = validate_email(
            value, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError:
        raise InvalidInput("is not an e-mail address", field=field) from None
    if len(found.normalized) > LONGEST:
        raise InvalidInput("is not an e-mail address", field=field)
    return found.normalized
