"""The only place where the parts are put together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

from starlette.types import Scope

from deskstream_chassis.access import Actor
from deskstream_chassis.clock import Clock, SystemClock
from deskstream_chassis.files import Bucket
from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.gate import Authenticate
from deskstream_chassis.http.ops_routes import ops_router
from deskstream_chassis.http.problem import unauthenticated
from deskstream_chassis.identity.tokens import TokenVerifier
from deskstream_chassis.operations import Operations
from deskstream_chassis.plus_token import PlusTokens
from deskstream_chassis.process import Parts, ServiceSpec, Worker
from deskstream_chassis.settings import key_bytes
from deskstream_events import owned_by
from deskstream_eventstore import (
    Consumer,
    ConsumerRuntime,
    Database,
    KafkaSettings,
    Recorded,
    Relay,
    SubjectHasher,
)
from ticketing.application.add_note import AddNoteHandler
from ticketing.application.app import TicketingApp
from ticketing.application.calls import Calls, ListCalls, ShowCall
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
from ticketing.application.open_files import OpenFiles
from ticketing.application.open_ticket import OpenTicketHandler
from ticketing.application.ports import Files
from ticketing.application.queries import (
    DownloadFile,
    ListFailedReplies,
    ListTickets,
    ShowReply,
    ShowTicket,
)
from ticketing.application.receive_mail import Mailroom, ReceiveMailHandler
from ticketing.application.record_call import RecordCallHandler
from ticketing.application.release_message import ReleaseMessageHandler
from ticketing.application.release_replies import ReleaseReplies
from ticketing.application.remember_mail import RememberMail
from ticketing.application.reopen_ticket import ReopenTicketHandler
from ticketing.application.reply_to_ticket import ReplyToTicketHandler
from ticketing.application.restore_ticket import RestoreTicketHandler
from ticketing.application.saved_views import SavedViews
from ticketing.application.scan_files import RescanFiles, ScanFiles, Scanner
from ticketing.application.send_scheduled import SendScheduled
from ticketing.application.settle_reply import SettleReplyHandler
from ticketing.application.signatures import SignaturesOfMine
from ticketing.application.snooze_ticket import SnoozeTicketHandler
from ticketing.application.split_ticket import SplitTicketHandler
from ticketing.application.sweep_files import SweepFiles
from ticketing.application.tickets import Tickets
from ticketing.application.unmerge_ticket import UnmergeTicketHandler, Unmerging
from ticketing.application.upload_file import UploadFileHandler
from ticketing.application.wake_tickets import WakeTickets
from ticketing.domain.fold import fold
from ticketing.infra.db.calls import PostgresCalls
from ticketing.infra.db.directory import PostgresDirectory
from ticketing.infra.db.housekeeping import PruneStore
from ticketing.infra.db.index import PostgresIndex
from ticketing.infra.db.lists import PostgresLists
from ticketing.infra.db.quarantine import PostgresQuarantine
from ticketing.infra.db.saved_views import PostgresViews
from ticketing.infra.db.views import views
from ticketing.infra.db.writing import (
    PostgresCannedResponses,
    PostgresDrafts,
    PostgresSignatures,
)
from ticketing.infra.files import BucketFiles
from ticketing.infra.html import clean_body
from ticketing.infra.inspect import inspect_file, open_file
from ticketing.infra.mailroom import Mailboxes
from ticketing.infra.phones import NumberPlan
from ticketing.infra.scanner import Clamd
from ticketing.interface.http.call_routes import call_router
from ticketing.interface.http.errors import ERRORS
from ticketing.interface.http.file_routes import file_router
from ticketing.interface.http.history_routes import history_router
from ticketing.interface.http.mail_routes import mail_router
from ticketing.interface.http.merge_routes import merge_router
from ticketing.interface.http.reply_routes import reply_router
from ticketing.interface.http.standing_routes import standing_router
from ticketing.interface.http.ticket_routes import ticket_router
from ticketing.interface.http.view_routes import view_router
from ticketing.interface.http.writing_routes import (
    canned_router,
    draft_router,
    signature_router,
)
from ticketing.interface.kafka.delivery import delivery_consumer
from ticketing.interface.kafka.mail import mail_consumer
from ticketing.interface.kafka.people import people_consumer
from ticketing.interface.timers import DueTimer, Housekeeper, Job
from ticketing.settings import Settings


def build_app(
    database: Database,
    files: Files,
    clock: Clock,
    undo: timedelta,
    mailroom: Mailroom,
    silence: timedelta = timedelta(days=14),
    scanner: Scanner | None = None,
    phone_region: str = "US",
) -> TicketingApp:
    """All use cases over a database and a bucket."""
    directory, index, lists = PostgresDirectory(), PostgresIndex(), PostgresLists()
    drafts, signatures = PostgresDrafts(), PostgresSignatures()
    tickets, unmerging = Tickets(directory, index), Unmerging(directory)
    opened, quarantine = OpenFiles(files, open_file), PostgresQuarantine()
    scans = ScanFiles(files, quarantine, scanner, clock)
    calls, call_lists, phones = Calls(directory), PostgresCalls(), NumberPlan(phone_region)
    return TicketingApp(
        open_ticket=OpenTicketHandler(database, tickets, directory, index, clean_body, clock),
        change_ticket=ChangeTicketHandler(database, tickets, directory, clock),
        add_note=AddNoteHandler(database, tickets, drafts, clean_body, clock),
        upload_file=UploadFileHandler(database, tickets, files, inspect_file, opened, scans, clock),
        reply_to_ticket=ReplyToTicketHandler(
            database, tickets, directory, drafts, signatures, clean_body, clock, undo, scans
        ),
        cancel_reply=CancelReplyHandler(database, tickets, clock),
        trouble=HandleTrouble(database, tickets, clean_body, clock, undo, scans),
        reopen_ticket=ReopenTicketHandler(database, tickets, unmerging, clock),
        merge_tickets=MergeTicketsHandler(database, tickets, directory, clock),
        unmerge_ticket=UnmergeTicketHandler(database, tickets, unmerging, clock),
        split_ticket=SplitTicketHandler(database, tickets, directory, index, clock),
        snooze_ticket=SnoozeTicketHandler(database, tickets, clock),
        delete_ticket=DeleteTicketHandler(database, tickets, clock),
        restore_ticket=RestoreTicketHandler(database, tickets, clock),
        release_message=ReleaseMessageHandler(database, tickets, clock),
        release_replies=ReleaseReplies(database, tickets, index, clock),
        send_scheduled=SendScheduled(database, tickets, directory, index, clock),
        wake_tickets=WakeTickets(database, tickets, index, clock),
        close_silent=CloseSilent(database, tickets, index, clock, silence),
        settle_reply=SettleReplyHandler(tickets),
        remember_mail=RememberMail(index),
        receive_mail=ReceiveMailHandler(
            tickets, directory, index, clean_body, mailroom, opened, scans
        ),
        follow_people=FollowPeople(directory),
        sweep_files=SweepFiles(database, files, index),
        rescan_files=RescanFiles(database, scans, quarantine, clock),
        drafts=DraftsOfMine(database, tickets, drafts, clean_body, clock),
        signatures=SignaturesOfMine(database, signatures, clean_body, clock),
        canned_responses=CannedResponsesOfDesk(
            database, tickets, directory, PostgresCannedResponses(), clean_body, clock
        ),
        saved_views=SavedViews(database, tickets, PostgresViews(), lists, clock),
        show_ticket=ShowTicket(database, tickets, directory),
        show_history=ShowHistory(database, tickets, directory),
        show_reply=ShowReply(database, tickets),
        list_tickets=ListTickets(database, lists, directory),
        list_failed_replies=ListFailedReplies(database, lists),
        download_file=DownloadFile(database, tickets, index, files, scans),
        record_call=RecordCallHandler(
            database, tickets, directory, index, call_lists, phones, clean_body, clock
        ),
        change_call=ChangeCallHandler(database, calls, tickets, clock),
        show_call=ShowCall(database, calls, directory),
        list_calls=ListCalls(database, call_lists, phones),
    )


def http_app(
    app: TicketingApp, authenticate: Authenticate, operations: Operations | None = None
) -> ServiceApp:
    """The HTTP interface; what names no ticket first, see reply_router and history_router."""
    routers = [
        reply_router(app),
        history_router(app),
        ticket_router(app),
        standing_router(app),
        merge_router(app),
        mail_router(app),
        file_router(app),
        draft_router(app),
        signature_router(app),
        canned_router(app),
        view_router(app),
        call_router(app),
    ]
    if operations is not None:
        routers.append(ops_router(operations))
    return create_app("ticketing", routers=routers, authenticate=authenticate, errors=ERRORS)


def consumers_of(app: TicketingApp) -> tuple[Consumer, ...]:
    """What ticketing follows."""
    return (
        people_consumer(app.follow_people),
        delivery_consumer(app.settle_reply, app.remember_mail),
        mail_consumer(app.receive_mail),
    )


def ticket_state(facts: Sequence[Recorded]) -> dict[str, Any]:
    """A ticket as `ops show` tells it, without a word of what people wrote."""
    ticket = fold((fact.version, fact.event) for fact in facts)
    if ticket is None:
        return {}
    return {
        "number": ticket.number,
        "status": ticket.status,
        "priority": ticket.priority,
        "team_id": str(ticket.team_id),
        "assignee_id": str(ticket.assignee_id) if ticket.assignee_id else None,
        "messages": len(ticket.messages),
        "attachments": len(ticket.attachments),
        "held": len(ticket.held),
        "replies": {str(reply.id): reply.state for reply in ticket.replies.values()},
    }


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Parts]:
    """Connected parts; closed when the block ends."""
    clock = SystemClock(settings.clock_offset_file)
    database = await Database.connect(
        settings.database_dsn.get_secret_value(),
        size=settings.database_size,
        name="ticketing",
        subjects=SubjectHasher(key_bytes(settings.subject_key)),
        views=views(),
    )
    try:
        files = BucketFiles(Bucket.at(settings.bucket_url, "ticketing"))
        tokens = PlusTokens(key_bytes(settings.plus_token_key))
        mailroom = Mailboxes(tokens, settings.mailbox_teams)
        scanner = Clamd(settings.scanner) if settings.scanner else None
        rest = settings.undo, mailroom, settings.silence, scanner, settings.phone_region
        app = build_app(database, files, clock, *rest)
        kafka = KafkaSettings(settings.kafka_bootstrap, settings.topic_prefix)
        relay = Relay(database, kafka, "ticketing", owned_by("ticketing"))
        followed = consumers_of(app)
        rescan = Worker("scanner", DueTimer("scan files", app.rescan_files).run)
        scanning = [rescan] if scanner else []
        consumers = ConsumerRuntime(database, kafka, followed, now=clock.now)
        operations = Operations(database, "ticketing", kafka, consumers=followed)
        jobs: dict[str, Job] = {"sweep_files": app.sweep_files, "prune_store": PruneStore(database)}
        verifier = TokenVerifier.over_http(settings.jwks_url, "ticketing")
        yield Parts(
            database=database,
            app=http_app(app, verifier.authenticate, operations),
            workers=[
                Worker("relay", relay.run),
                Worker("consumers", consumers.run, health=consumers.health),
                Worker("undo-timer", DueTimer("release replies", app.release_replies).run),
                Worker("schedule-timer", DueTimer("send replies", app.send_scheduled).run),
                Worker("silence-timer", DueTimer("close tickets", app.close_silent).run),
                Worker("snooze-timer", DueTimer("wake tickets", app.wake_tickets).run),
                *scanning,
                Worker("housekeeper", Housekeeper(jobs).run),
            ],
            operations=operations,
        )
    finally:
        await database.close()


def document() -> Mapping[str, Any]:
    """What the HTTP interface offers, as OpenAPI; nothing is connected."""

    async def nobody(_: Scope) -> Actor:
        raise unauthenticated()

    found: Mapping[str, Any] = http_app(cast("TicketingApp", None), nobody).openapi()
    return found


SPEC = ServiceSpec(name="ticketing", settings_type=Settings, build=build, openapi=document)
