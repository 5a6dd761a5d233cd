"""The menu of use cases."""

from dataclasses import dataclass

from ticketing.application.add_note import AddNoteHandler
from ticketing.application.calls import ListCalls, ShowCall
from ticketing.application.cancel_reply import CancelReplyHandler
from ticketing.application.canned_responses import CannedResponsesOfDesk
from ticketing.application.change_call import ChangeCallHandler
from ticketing.application.change_ticket import ChangeTicketHandler
from ticketing.application.close_silent import CloseSilent
from ticketing.application.delete_ticket import DeleteTicketHandler
from ticketing.application.follow_people import FollowPeople
from ticketing.application.handle_trouble import HandleTrouble
from ticketing.application.history import ShowHistory
from ticketing.application.keep_draft import DraftsOfMine
from ticketing.application.merge_tickets import MergeTicketsHandler
from ticketing.application.open_ticket import OpenTicketHandler
from ticketing.application.queries import (
    DownloadFile,
    ListFailedReplies,
    ListTickets,
    ShowReply,
    ShowTicket,
)
from ticketing.application.receive_mail import ReceiveMailHandler
from ticketing.application.record_call import RecordCallHandler
from ticketing.application.release_message import ReleaseMessageHandler
from ticketing.application.release_replies import ReleaseReplies
from ticketing.application.remember_mail import RememberMail
from ticketing.application.reopen_ticket import ReopenTicketHandler
from ticketing.application.reply_to_ticket import ReplyToTicketHandler
from ticketing.application.restore_ticket import RestoreTicketHandler
from ticketing.application.saved_views import SavedViews
from ticketing.application.scan_files import RescanFiles
from ticketing.application.send_scheduled import SendScheduled
from ticketing.application.settle_reply import SettleReplyHandler
from ticketing.application.signatures import SignaturesOfMine
from ticketing.application.snooze_ticket import SnoozeTicketHandler
from ticketing.application.split_ticket import SplitTicketHandler
from ticketing.application.sweep_files import SweepFiles
from ticketing.application.unmerge_ticket import UnmergeTicketHandler
from ticketing.application.upload_file import UploadFileHandler
from ticketing.application.wake_tickets import WakeTickets


@dataclass(frozen=True)
class TicketingApp:
    """Everything that ticketing can do."""

    open_ticket: OpenTicketHandler
    change_ticket: ChangeTicketHandler
    add_note: AddNoteHandler
    upload_file: UploadFileHandler
    reply_to_ticket: ReplyToTicketHandler
    cancel_reply: CancelReplyHandler
    trouble: HandleTrouble
    reopen_ticket: ReopenTicketHandler
    merge_tickets: MergeTicketsHandler
    unmerge_ticket: UnmergeTicketHandler
    split_ticket: SplitTicketHandler
    snooze_ticket: SnoozeTicketHandler
    delete_ticket: DeleteTicketHandler
    restore_ticket: RestoreTicketHandler
    release_message: ReleaseMessageHandler
    release_replies: ReleaseReplies
    send_scheduled: SendScheduled
    wake_tickets: WakeTickets
    close_silent: CloseSilent
    settle_reply: SettleReplyHandler
    remember_mail: RememberMail
    receive_mail: ReceiveMailHandler
    follow_people: FollowPeople
    sweep_files: SweepFiles
    rescan_files: RescanFiles

    drafts: DraftsOfMine
    signatures: SignaturesOfMine
    canned_responses: CannedResponsesOfDesk
    saved_views: SavedViews

    show_ticket: ShowTicket
    show_history: ShowHistory
    show_reply: ShowReply
    list_tickets: ListTickets
    list_failed_replies: ListFailedReplies
    download_file: DownloadFile
    record_call: RecordCallHandler
    change_call: ChangeCallHandler
    show_call: ShowCall
    list_calls: ListCalls
