"""What may be refused, each with a stable code. Statuses are given at the edge (interface/http).

`detail` is for people and never holds personal data; `field` names the field of the request that
is wrong; `extra` goes into the problem body as it is. That a ticket is absent or hidden, or may
not be changed, is the chassis' AccessDenied.
"""

from typing import Any


class TicketingError(Exception):
    """The root of every refusal of this service."""

    code = "ticketing_error"

    def __init__(self, detail: str = "", *, field: str | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.extra = extra


class Missing(TicketingError):
    """It does not exist, or the caller may not know that it does."""


class ReplyUnknown(Missing):
    """The ticket has no such reply."""

    code = "reply_not_found"


class HeldMessageUnknown(Missing):
    """The ticket holds no such message back; it may have been released."""

    code = "held_message_not_found"


class AssigneeUnknown(Missing):
    """Nobody has this id or address."""

    code = "assignee_not_found"


class TicketUnknown(Missing):
    """A ticket that another names is not here."""

    code = "ticket_not_found"


class PersonUnknown(Missing):
    """Nobody has this id."""

    code = "person_not_found"


class Refused(TicketingError):
    """Seen, but not allowed."""


class PersonNeeded(Refused):
    """A reply speaks with a person's name; an API key has none."""

    code = "person_needed"


class Invalid(TicketingError):
    """The request contradicts a rule that no later attempt will change."""


class TeamUnknown(Invalid):
    """No team has this id."""

    code = "team_unknown"


class AssigneeCannotWork(Invalid):
    """Only an active agent, manager or admin can be assigned."""

    code = "assignee_cannot_work"


class AssigneeOutsideTeam(Invalid):
    """A ticket of a restricted team is assigned to its members, managers and admins only."""

    code = "assignee_outside_team"


class PublicComment(Invalid):
    """Comments are internal notes; what the customer shall read goes to /reply."""

    code = "use_reply"


class BodyMissing(Invalid):
    """Nothing is left of the text."""

    code = "body_missing"


class NoAddress(Invalid):
    """The requester has no address to reply to."""

    code = "no_address"


class MessageUnknown(Invalid):
    """`last_seen` is not a customer's message of this ticket."""

    code = "message_unknown"


class AttachmentNotHere(Invalid):
    """A named file does not belong to this ticket."""

    code = "attachment_unknown"


class TooManyAttachments(Invalid):
    """More than 10 files in one message."""

    code = "too_many_attachments"


class AttachmentsTooLarge(Invalid):
    """More than 25 MB together in one mail; `sizes` lists them."""

    code = "attachments_too_large"


class TagInvalid(Invalid):
    """A tag is empty, too long or one too many."""

    code = "tag_invalid"


class CannotShare(Invalid):
    """Shared with active staff only; a restricted ticket with those only who see its team."""

    code = "cannot_share"


class CannotWatch(Invalid):
    """Only active staff watch."""

    code = "cannot_watch"


class SendTimeInvalid(Invalid):
    """Not an instant to come, within a year."""

    code = "send_time_invalid"


class NothingYet(Invalid):
    """The ticket did not exist at that point."""

    code = "nothing_yet"


class SnoozeInvalid(Invalid):
    """Not an instant to come, within a year."""

    code = "snooze_invalid"


class ReasonMissing(Invalid):
    """An admin's reopening needs a reason."""

    code = "reason_missing"


class FileRefused(TicketingError):
    """An upload was not taken; nothing of it was kept."""


class FileMalformed(FileRefused):
    """Not one multipart part named `file` with a file name."""

    code = "upload_malformed"


class FileEmpty(FileRefused):
    """No bytes."""

    code = "file_empty"


class FileTooLarge(FileRefused):
    """More than 25 MB."""

    code = "file_too_large"


class FileTypeRefused(FileRefused):
    """The extension is not on the list."""

    code = "file_type_refused"


class FileMismatch(FileRefused):
    """The content is not what the extension says."""

    code = "file_content_mismatch"


class FilesUnavailable(FileRefused):
    """The place where files lie does not answer, has no room, or lost this one."""

    code = "files_unavailable"


class RangeRefused(FileRefused):
    """The asked range lies outside the file; `size` says how long it is."""

    code = "range_not_satisfiable"


class BodyTooLarge(TicketingError):
    """A text of more than 256 KiB."""

    code = "body_too_large"


class Clash(TicketingError):
    """It does not fit the state that the ticket is in now."""


class TransitionRefused(Clash):
    """This state cannot follow the present one."""

    code = "transition_refused"


class AssigneeMissing(Clash):
    """Solving needs an assignee."""

    code = "assignee_missing"


class TicketClosed(Clash):
    """It is over; an admin may reopen it with a reason."""

    code = "ticket_closed"


class TicketDeleted(Clash):
    """It is deleted; a manager may restore it."""

    code = "ticket_deleted"


class TicketIsSpam(Clash):
    """It is marked as spam; setting another state takes the mark off."""

    code = "ticket_is_spam"


class NotRemoved(Clash):
    """There is nothing to restore: it is neither deleted nor spam."""

    code = "not_removed"


class StaleReply(Clash):
    """The customer wrote since; `newer` lists the messages. Nothing was queued."""

    code = "stale_reply"


class TooLate(Clash):
    """The undo window is over."""

    code = "too_late"


class NotTroubled(Clash):
    """Only a reply that failed or bounced can be tried again or given up."""

    code = "reply_not_troubled"


class ChangedMeanwhile(TicketingError):
    """The version of If-Match is not the present one; `changed` lists what happened since."""

    code = "version_mismatch"
