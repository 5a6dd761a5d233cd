"""What may be refused about merging and splitting."""

from ticketing.domain.errors import Clash, Invalid


class MergeIntoItself(Invalid):
    """Both are the same ticket."""

    code = "merge_into_itself"


class SplitInvalid(Invalid):
    """Some of the ticket's own messages, of the customer's at least one that goes and one that
    stays."""

    code = "split_invalid"


class TicketMerged(Clash):
    """It has gone up in another, `into`: go there, or unmerge it."""

    code = "ticket_merged"


class NotMerged(Clash):
    """There is nothing to unmerge."""

    code = "not_merged"


class UnmergeFirst(Clash):
    """Its survivor has itself gone up in another: unmerge `ticket` first."""

    code = "unmerge_first"
