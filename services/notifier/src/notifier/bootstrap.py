"""The only place where the parts are put together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
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
from deskstream_chassis.sealed import MAIL_LINK, Sealer
from deskstream_chassis.settings import key_bytes
from deskstream_events import owned_by
from deskstream_eventstore import (
    ConsumerRuntime,
    Database,
    Dispatcher,
    KafkaSettings,
    Recorded,
    Relay,
    SubjectHasher,
    View,
)
from notifier.application.app import NotifierApp
from notifier.application.fetch_mail import FetchMail
from notifier.application.follow_tickets import FollowTickets
from notifier.application.follow_users import FollowUsers
from notifier.application.ports import MailSender
from notifier.application.quarantine import ReleaseInboundHandler, ShowQuarantine
from notifier.application.queue_mail import QueueMail
from notifier.application.receive_mail import House as Mailboxes
from notifier.application.receive_mail import ReceiveMail
from notifier.application.send_mail import Desk, SendMail
from notifier.application.settle_bounce import SettleBounce
from notifier.application.settle_mail import SettleMail
from notifier.application.suppressions import LiftSuppressionHandler, ListSuppressions
from notifier.domain.message import STREAM_TYPE, Message
from notifier.infra.db.correspondence import DbCorrespondence
from notifier.infra.db.housekeeping import KeepHouse
from notifier.infra.db.late_notices import DbLateNotices
from notifier.infra.db.letters import DbLetters
from notifier.infra.db.message_view import MessageView
from notifier.infra.db.people import DbPeople
from notifier.infra.db.places import DbPlaces
from notifier.infra.db.quarantine_view import DbQuarantine, QuarantineView
from notifier.infra.db.screen import DbScreen
from notifier.infra.db.suppressions import DbSuppressions
from notifier.infra.db.tickets import DbTickets
from notifier.infra.files import BucketFiles
from notifier.infra.imap import ImapPostbox, ImapServer
from notifier.infra.inbound.attic import BucketAttic
from notifier.infra.inbound.reading import read_mail
from notifier.infra.mail.compose import Composer, House
from notifier.infra.mail.pool import MailServer
from notifier.infra.mail.smtp import SmtpSender
from notifier.interface.http.quarantine import quarantine_router
from notifier.interface.http.suppressions import suppression_router
from notifier.interface.kafka.consumers import build_consumer
from notifier.interface.polling import Poller
from notifier.interface.smtp import Listening, Receiver
from notifier.interface.timers import Housekeeper
from notifier.settings import Settings

BATCH = 100
"""Facts in one transaction: small enough that the first mails leave while the next are planned."""
VIEWS: tuple[View, ...] = (MessageView(), QuarantineView())


def composer(settings: Settings) -> Composer:
    """Writes mails with the installation's names and keys."""
    sealer = Sealer(key_bytes(settings.mail_token_key), MAIL_LINK)
    tokens = PlusTokens(key_bytes(settings.plus_token_key))
    house = House(
        sender=settings.mail_from,
        domain=settings.mail_domain,
        desk_name=settings.desk_name,
        public_url=settings.public_url,
    )
    return Composer(
        house,
        unseal=sealer.unseal,
        reply_address=lambda ticket_id: tokens.address(settings.mail_from, ticket_id),
    )


def smtp_sender(settings: Settings) -> SmtpSender:
    """The mail server of the settings."""
    password = settings.smtp_password
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        helo=settings.mail_domain,
        user=settings.smtp_user,
        password=password.get_secret_value() if password else None,
        starttls=settings.smtp_starttls,
        answer_seconds=settings.smtp_answer_seconds,
    )
    return SmtpSender(server, connections=settings.smtp_connections)


def build_app(
    settings: Settings, database: Database, sender: MailSender, clock: Clock
) -> NotifierApp:
    """All use cases."""
    people, late = DbPeople(), DbLateNotices()
    tickets, letters = DbTickets(database.subjects), DbLetters(database.subjects)
    correspondence = DbCorrespondence()
    queue = QueueMail(letters, clock, settings.mail_domain)
    screen = DbScreen(database.subjects)
    bucket = Bucket.at(settings.bucket_url, "notifier")
    desk = Desk(
        letters=letters,
        correspondence=correspondence,
        screen=screen,
        files=BucketFiles(bucket),
        composer=composer(settings),
        sender=sender,
        clock=clock,
        domain=settings.mail_domain,
    )
    return NotifierApp(
        users=FollowUsers(people, tickets, late, queue),
        tickets=FollowTickets(
            people, tickets, late, queue, correspondence, own_address=settings.mail_from
        ),
        send_mail=SendMail(database, desk),
        settle_mail=SettleMail(letters, clock),
        receive_mail=ReceiveMail(
            database,
            read_mail,
            BucketAttic(bucket),
            SettleBounce(screen, clock, settings.mail_domain),
            clock,
            Mailboxes(settings.own_addresses, settings.authserv_id),
        ),
        show_quarantine=ShowQuarantine(database, DbQuarantine()),
        release_inbound=ReleaseInboundHandler(database, clock),
        list_suppressions=ListSuppressions(database, DbSuppressions()),
        lift_suppression=LiftSuppressionHandler(database, DbSuppressions()),
    )


def fetching(settings: Settings, app: NotifierApp, database: Database) -> FetchMail | None:
    """Mail from the mailbox of the settings, if they name one."""
    host, user, password = settings.imap_host, settings.imap_user, settings.imap_password
    if not (host and user and password):
        return None
    server = ImapServer(
        host=host,
        port=settings.imap_port,
        user=user,
        password=password.get_secret_value(),
        folder=settings.imap_folder,
        tls=settings.imap_tls,
    )
    mailbox = settings.imap_mailbox or settings.mail_from
    return FetchMail(database, ImapPostbox(server), DbPlaces(), app.receive_mail, mailbox)


def receivers(settings: Settings, app: NotifierApp, database: Database) -> list[Worker]:
    """How mail comes in."""
    found = []
    if settings.receive_port is not None:
        listening = Listening(settings.receive_host, settings.receive_port, settings.mail_domain)
        receiver = Receiver(listening, settings.own_addresses, app.receive_mail)
        found.append(Worker("mail-in", receiver.run))
    fetch = fetching(settings, app, database)
    if fetch is not None:
        found.append(Worker("mail-fetch", Poller(fetch, settings.imap_seconds).run))
    return found


def message_state(facts: Sequence[Recorded]) -> dict[str, Any]:
    """A message as `ops show` tells it."""
    message = Message.fold(facts[0].stream_id, [fact.event for fact in facts])
    return {
        "kind": message.kind,
        "status": message.status,
        "ticket_id": str(message.ticket_id) if message.ticket_id else None,
        "reply_id": str(message.reply_id) if message.reply_id else None,
        "mail_id": message.mail_id,
    }


def http_app(
    app: NotifierApp, authenticate: Authenticate, operations: Operations | None = None
) -> ServiceApp:
    """The HTTP interface."""
    routers = [suppression_router(app)]
    if operations is not None:
        routers += [quarantine_router(app), ops_router(operations)]
    return create_app("notifier", routers=routers, authenticate=authenticate)


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Parts]:
    """Connected parts; closed when the block ends."""
    clock = SystemClock(settings.clock_offset_file)
    subjects = SubjectHasher(key_bytes(settings.subject_key))
    database = await Database.connect(
        settings.database_dsn.get_secret_value(),
        size=settings.database_size,
        name="notifier",
        subjects=subjects,
        views=VIEWS,
    )
    sender = smtp_sender(settings)
    try:
        app = build_app(settings, database, sender, clock)
        kafka = KafkaSettings(settings.kafka_bootstrap, settings.topic_prefix)
        relay = Relay(database, kafka, "notifier", owned_by("notifier"))
        dispatcher = Dispatcher(
            database, app.send_mail, app.settle_mail, concurrency=settings.smtp_connections
        )
        followed = [build_consumer(app)]
        consumers = ConsumerRuntime(
            database,
            kafka,
            followed,
            max_records=BATCH,
            now=clock.now,
            woken=[dispatcher.wake],
        )
        operations = Operations(
            database,
            "notifier",
            kafka,
            consumers=followed,
            settle=app.settle_mail,
            folds={STREAM_TYPE: message_state},
        )
        verifier = TokenVerifier.over_http(settings.jwks_url, "notifier")
        yield Parts(
            database=database,
            app=http_app(app, verifier.authenticate, operations),
            workers=[
                Worker("relay", relay.run),
                Worker("consumers", consumers.run, health=consumers.health),
                Worker("mail", dispatcher.run),
                Worker("housekeeper", Housekeeper(KeepHouse(database, clock)).run),
                *receivers(settings, app, database),
            ],
            operations=operations,
        )
    finally:
        await sender.close()
        await database.close()


def document() -> Mapping[str, Any]:
    """What the HTTP interface offers, as OpenAPI; nothing is connected."""

    async def nobody(_: Scope) -> Actor:
        raise unauthenticated()

    found: Mapping[str, Any] = http_app(cast("NotifierApp", None), nobody).openapi()
    return found


SPEC = ServiceSpec(name="notifier", settings_type=Settings, build=build, openapi=document)
