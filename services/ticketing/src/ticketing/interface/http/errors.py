"""Which status each refusal has. Every class of the tree with a code of its own is here."""

from deskstream_chassis.http.errors import ErrorMap
from deskstream_chassis.http.etag import version_mismatch
from deskstream_chassis.http.problem import Problem
from ticketing.domain import errors as e
from ticketing.domain import file_errors as f
from ticketing.domain import merging_errors as m
from ticketing.domain import writing_errors as w

STATUSES: dict[type[e.TicketingError], int] = {
    e.ReplyUnknown: 404,
    e.AssigneeUnknown: 404,
    e.HeldMessageUnknown: 404,
    e.TicketUnknown: 404,
    w.SignatureUnknown: 404,
    w.ViewUnknown: 404,
    w.PersonalOnly: 403,
    w.TooManyViews: 422,
    w.CannedResponseUnknown: 404,
    e.PersonUnknown: 404,
    e.PersonNeeded: 403,
    e.TeamUnknown: 422,
    e.AssigneeCannotWork: 422,
    e.AssigneeOutsideTeam: 422,
    e.PublicComment: 422,
    e.BodyMissing: 422,
    e.NoAddress: 422,
    e.MessageUnknown: 422,
    e.AttachmentNotHere: 422,
    e.TooManyAttachments: 422,
    e.AttachmentsTooLarge: 422,
    e.TagInvalid: 422,
    e.CannotShare: 422,
    e.CannotWatch: 422,
    e.SnoozeInvalid: 422,
    m.MergeIntoItself: 422,
    m.SplitInvalid: 422,
    w.PlaceholderUnknown: 422,
    w.TooManySignatures: 422,
    e.SendTimeInvalid: 422,
    e.NothingYet: 422,
    e.ReasonMissing: 422,
    e.FileMalformed: 400,
    e.FileEmpty: 422,
    e.FileTooLarge: 413,
    e.FileTypeRefused: 415,
    e.FileMismatch: 415,
    f.ArchiveTooLarge: 422,
    f.ArchiveUnreadable: 422,
    f.ActiveContent: 422,
    f.PictureTooLarge: 422,
    f.FileInfected: 422,
    f.FileQuarantined: 423,
    e.RangeRefused: 416,
    e.FilesUnavailable: 503,
    e.BodyTooLarge: 413,
    e.TransitionRefused: 409,
    e.AssigneeMissing: 409,
    e.TicketClosed: 409,
    e.TicketDeleted: 409,
    e.TicketIsSpam: 409,
    m.TicketMerged: 409,
    m.NotMerged: 409,
    m.UnmergeFirst: 409,
    e.NotRemoved: 409,
    e.StaleReply: 409,
    e.TooLate: 409,
    e.NotTroubled: 409,
    e.ChangedMeanwhile: 412,
}


def to_problem(error: e.TicketingError) -> Problem:
    """The problem of a refusal."""
    headers: dict[str, str] = {}
    if isinstance(error, e.ChangedMeanwhile):
        return version_mismatch(error.extra["version"], error.extra["changed"])
    if isinstance(error, e.RangeRefused):
        headers["Content-Range"] = f"bytes */{error.extra['size']}"
    if isinstance(error, e.FilesUnavailable):
        headers["Retry-After"] = "2"
    return Problem(
        STATUSES[type(error)],
        error.code,
        detail=error.detail or None,
        field=error.field,
        extra=error.extra,
        headers=headers,
    )


ERRORS: ErrorMap = dict.fromkeys(STATUSES, to_problem)
