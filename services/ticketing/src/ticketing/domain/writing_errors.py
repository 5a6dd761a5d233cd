"""What may be refused about drafts, signatures, canned responses and saved views."""

from ticketing.domain.errors import Invalid, Missing, Refused


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


class ViewUnknown(Missing):
    """There is no such view that the caller may use."""

    code = "view_not_found"


class PersonalOnly(Refused):
    """A team's view is not the caller's to save or change."""

    code = "view_not_yours"


class TooManyViews(Invalid):
    """A person has as many as he may."""

    code = "too_many_views"
