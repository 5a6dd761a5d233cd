"""Errors of the notifier. `code` is stable; texts never name a person."""


class NotifierError(Exception):
    """Base; `code` is what ledger rows and events carry."""

    code = "notifier_error"


class NoSuchMessage(NotifierError):
    """The stream of the message is empty, or its letter is gone."""

    code = "no_such_message"


class AttachmentMissing(NotifierError):
    """The bucket holds no object under the key."""

    code = "attachment_missing"


class AttachmentChanged(NotifierError):
    """The object's bytes are not those that were attached."""

    code = "attachment_changed"


class BadAddress(NotifierError):
    """An address that no mail can be sent to."""

    code = "bad_address"


class FilesUnreachable(NotifierError):
    """The bucket does not answer."""

    code = "bucket_unreachable"


class LinkUnreadable(NotifierError):
    """The sealed token of a link does not open: gateway and notifier hold different keys."""

    code = "link_unreadable"
