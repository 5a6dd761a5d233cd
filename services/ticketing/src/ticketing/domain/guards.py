"""Rules that several decisions share."""

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from ticketing.domain.errors import (
    AssigneeCannotWork,
    AssigneeMissing,
    AssigneeOutsideTeam,
    AttachmentNotHere,
    AttachmentsTooLarge,
    TagInvalid,
    TicketClosed,
    TicketDeleted,
    TicketIsSpam,
    TooManyAttachments,
)
from ticketing.domain.merging_errors import TicketMerged
from ticketing.domain.people import Person, Team
from ticketing.domain.ticket import Attachment, Ticket

MEGABYTE = 1024 * 1024
FILES_PER_MESSAGE = 10
FILES_TOGETHER = 25 * MEGABYTE
TAGS_PER_TICKET = 30
_TAG = re.compile(r"[^\W_][\w.:/-]{0,49}")


def assignable(person: Person, team: Team) -> None:
    """Raises AssigneeCannotWork, AssigneeOutsideTeam."""
    if not person.can_work():
        raise AssigneeCannotWork("only an active agent or above can be assigned", field="assignee")
    if team.restricted and not person.sees_team(team.id):
        raise AssigneeOutsideTeam("the ticket's team is restricted", field="assignee")


def solvable(ticket: Ticket) -> None:
    """Raises AssigneeMissing."""
    if ticket.assignee_id is None:
        raise AssigneeMissing("solving needs an assignee")


def not_closed(ticket: Ticket) -> None:
    """Raises TicketClosed."""
    if ticket.status == "closed":
        raise TicketClosed("the ticket is closed; an admin may reopen it")


def present(ticket: Ticket) -> None:
    """Raises TicketDeleted, TicketMerged."""
    if ticket.aside == "merged":
        raise TicketMerged("the ticket has gone up in another", into=str(ticket.merged_into))
    if ticket.deleted:
        raise TicketDeleted("the ticket is deleted; a manager may restore it")


def in_use(ticket: Ticket) -> None:
    """Raises TicketDeleted, TicketMerged, TicketIsSpam."""
    present(ticket)
    if ticket.aside == "spam":
        raise TicketIsSpam("the ticket is spam; set another state first")


def tags(values: Iterable[str]) -> tuple[str, ...]:
    """Case-folded, sorted, each once. Raises TagInvalid."""
    found = sorted({value.strip().casefold() for value in values})
    if len(found) > TAGS_PER_TICKET:
        raise TagInvalid(f"at most {TAGS_PER_TICKET} tags", field="tags")
    if any(_TAG.fullmatch(tag) is None for tag in found):
        raise TagInvalid("a tag has 1 to 50 letters, digits or .:/-_", field="tags")
    return tuple(found)


def own_files(ticket: Ticket, ids: Sequence[UUID]) -> tuple[Attachment, ...]:
    """The named files of the ticket, each once. Raises AttachmentNotHere, TooManyAttachments."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > FILES_PER_MESSAGE:
        raise TooManyAttachments(f"at most {FILES_PER_MESSAGE} files", field="attachments")
    files = tuple(ticket.attachments[file] for file in wanted if file in ticket.attachments)
    if len(files) < len(wanted):
        raise AttachmentNotHere("a file does not belong to this ticket", field="attachments")
    return files


def mailable(files: Sequence[Attachment]) -> None:
    """Raises AttachmentsTooLarge with every size in bytes."""
    total = sum(file.size for file in files)
    if total > FILES_TOGETHER:
        raise AttachmentsTooLarge(
            f"{total} bytes together, at most {FILES_TOGETHER}",
            field="attachments",
            limit=FILES_TOGETHER,
            sizes=[{"id": str(file.id), "size": file.size} for file in files],
        )
