"""What may be refused about drafts, signatures and canned responses."""

from ticketing.domain.errors import Invalid, Missing


class SignatureUnknown(Missing):
    """The caller has no such signature."""

    code = "signature_not_found"


class CannedResponseUnknown(Missing):
    """There is no such canned response."""

    code = "canned_response_not_found"


class PlaceholderUnknown(Invalid):
    """A text has a placeholder that nothing fills; `unknown` lists them."""

    code = "placeholder_unknown"


class TooManySignatures(Invalid):
    """A person has as many as he may."""

    code = "too_many_signatures"
