"""The only place where the gateway is put together."""

import asyncio
import hashlib
import hmac
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from deskstream_chassis.clock import Clock, SystemClock
from deskstream_chassis.health import OpsRoute
from deskstream_chassis.http.app import ServiceApp
from deskstream_chassis.identity.tokens import KeyCache, TokenVerifier
from deskstream_chassis.operations import Operations
from deskstream_chassis.process import Door, Parts, ServiceSpec, Worker
from deskstream_chassis.sealed import MAIL_LINK, Sealer
from deskstream_chassis.settings import key_bytes
from deskstream_events import owned_by
from deskstream_eventstore import Database, KafkaSettings, Relay, SubjectHasher
from gateway.application.app import GatewayApp, Peppers, build_app
from gateway.application.desk import Desk, Feed
from gateway.application.ensure_support import ensured
from gateway.application.issuer import Issuer
from gateway.application.limiter import Limiter
from gateway.application.outbox_report import OutboxReport
from gateway.application.ports import Audit, Keys, Sessions
from gateway.application.upstream import Upstream
from gateway.infra.argon2_passwords import Argon2Passwords
from gateway.infra.common_passwords import load_common_passwords
from gateway.infra.db.chain import Chain
from gateway.infra.db.desk import desk_of
from gateway.infra.db.feed import follow_desk
from gateway.infra.db.housekeeping import Housekeeping
from gateway.infra.db.keys import DbKeys
from gateway.infra.db.queries import DbQueries
from gateway.infra.db.sessions import DbSessions
from gateway.infra.db.summing_audit import SummingAudit
from gateway.infra.db.trail import Trail
from gateway.infra.db.views import VIEWS
from gateway.infra.db.work import DbStore
from gateway.infra.factor_vault import SealedFactorVault
from gateway.infra.feed_worker import FeedWorker
from gateway.infra.local_limiter import LocalLimiter
from gateway.infra.openid_issuer import OpenIdIssuer, Registration
from gateway.infra.service_lag import lag_of
from gateway.infra.service_operations import Neighbours, neighbours_of
from gateway.infra.signing_keys import signer_from
from gateway.infra.upstream import AiohttpUpstream
from gateway.infra.valkey_limiter import limiter_of
from gateway.interface.audit_commands import audit_commands
from gateway.interface.commands import operator_commands
from gateway.interface.gate.address import ClientAddress
from gateway.interface.gate.console import AUDIENCE, ConsoleDoor, ConsolePolicy
from gateway.interface.gate.credentials import Credentials
from gateway.interface.gate.cron import outbox_handler
from gateway.interface.gate.gate import Gate, Handler
from gateway.interface.gate.identity import Identities, Signer, published
from gateway.interface.gate.observe import AccessLog, Observer
from gateway.interface.gate.policy import Policy
from gateway.interface.gate.proxy import Ending, Proxy
from gateway.interface.gate.realtime import Realtime
from gateway.interface.gate.routes import TABLE
from gateway.interface.gate.rows import Row
from gateway.interface.gate.site import site_handlers
from gateway.interface.gate.streams import Streams
from gateway.interface.gate.webhooks import WebhookEntry, demand_secrets
from gateway.interface.http.app import create_inner_app
from gateway.interface.kafka.feed import feed_consumer
from gateway.interface.user_commands import user_commands
from gateway.settings import Settings

VERSION = "0.1.0"


@dataclass(frozen=True)
class Behind:
    """What stands behind the gate."""

    sessions: Sessions
    keys: Keys
    audit: Audit
    limiter: Limiter
    device_pepper: bytes
    """Tells the cookies of devices that we made."""
    inner: ServiceApp
    """The gateway's own routes."""
    upstreams: Mapping[str, Upstream]
    signer: Signer
    clock: Clock
    feed: Feed
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    """Rows answered without an application, beside those of the site."""


def observer_of(settings: Settings) -> Observer:
    """Span, sample and line of each request, as far as the settings want them."""
    access_log = AccessLog(sys.stdout, "gateway", VERSION) if settings.access_log else None
    return Observer(access_log=access_log, tracing=settings.tracing)


@dataclass(frozen=True)
class Gates:
    """The gate as the world reaches it, and as console does: one behind both."""

    public: Gate
    console: Gate


def build_gates(
    settings: Settings, behind: Behind, observer: Observer, table: Sequence[Row] = TABLE
) -> Gates:
    """The gate before what is behind it. Raises WebhookSecretMissing."""
    secrets = settings.secrets_of_vendors
    demand_secrets(table, secrets)
    credentials = Credentials(behind.sessions, behind.keys)
    site = site_handlers(settings.public_url, settings.security_contact, behind.clock)
    identities, ending = Identities(behind.signer), Ending()
    proxy = Proxy(behind.upstreams, identities, ending, grace=settings.shutdown_seconds / 2)
    told = behind.limiter, behind.audit, settings.public_url, behind.clock, behind.device_pepper
    rules = credentials, *told
    tokens = TokenVerifier(KeyCache(published(behind.signer)), AUDIENCE)
    streams = Streams(behind.feed, credentials, ending)

    def gate(policy: Policy, hosts: Collection[str]) -> Gate:
        return Gate(
            table=table,
            hosts=hosts,
            address=ClientAddress(settings.trusted_proxies),
            policy=policy,
            credentials=credentials,
            proxy=proxy,
            webhooks=WebhookEntry(proxy, secrets, behind.audit, behind.clock),
            inner=behind.inner,
            handlers={**site, **behind.handlers},
            streaming={"GET /api/realtime": Realtime(streams)},
            observer=observer,
            ending=ending,
        )

    return Gates(
        public=gate(Policy(*rules), settings.hosts),
        console=gate(ConsolePolicy(*rules, verify=tokens.verify), settings.internal_hosts),
    )


def doors_of(settings: Settings, gates: Gates) -> list[Door]:
    """The internal listener, where one is wanted."""
    host, port = settings.internal_host, settings.internal_port
    return [] if port is None else [Door("console", ConsoleDoor(gates.console), host, port)]


def issuer_of(settings: Settings, clock: Clock) -> OpenIdIssuer | None:
    """The company's identity provider, where one is configured; nothing is asked of it yet."""
    client_id, secret = settings.oidc_client_id, settings.oidc_client_secret
    if settings.oidc_issuer is None or client_id is None or secret is None:
        return None
    registration = Registration(
        settings.oidc_issuer,
        client_id,
        secret.get_secret_value(),
        redirect_uri=f"{settings.public_url}/api/auth/oidc/callback",
        tenant_claim=settings.oidc_tenant_claim,
    )
    return OpenIdIssuer.among(settings.oidc_hosts, registration, clock)


def build_accounts(
    settings: Settings,
    database: Database,
    clock: Clock,
    services: Neighbours,
    issuer: Issuer | None,
    desk: Desk,
) -> tuple[GatewayApp, SummingAudit, Argon2Passwords]:
    """The use cases of accounts, teams and keys over the database."""
    trail = Trail(key_bytes(settings.audit_key))
    audit = SummingAudit(database, trail, clock)
    passwords = Argon2Passwords()
    app = build_app(
        store=DbStore(database, database.subjects, trail),
        queries=DbQueries(database),
        passwords=passwords,
        sealer=Sealer(key_bytes(settings.mail_token_key), MAIL_LINK),
        vault=SealedFactorVault(key_bytes(settings.factor_key)),
        audit=audit,
        clock=clock,
        common_passwords=load_common_passwords(),
        peppers=_peppers(settings),
        services=services.operations,
        quarantine=services.quarantine,
        issuer=issuer,
        desk=desk,
    )
    return app, audit, passwords


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Parts]:
    """Connected parts; closed when the block ends."""
    clock = SystemClock(settings.clock_offset_file)
    signer = signer_from(settings.signing_keys_file)
    subjects = SubjectHasher(key_bytes(settings.subject_key))
    database = await Database.connect(
        settings.database_dsn.get_secret_value(),
        size=settings.database_size,
        name="gateway",
        subjects=subjects,
        views=VIEWS,
    )
    kafka = KafkaSettings(settings.kafka_bootstrap, settings.topic_prefix)
    followed = feed_consumer(follow_desk())
    operations = Operations(database, "gateway", kafka, consumers=[followed])
    upstreams = {name: AiohttpUpstream(url) for name, url in settings.upstreams.items()}
    ops = {name: AiohttpUpstream(url) for name, url in settings.ops_urls.items()}
    report = OutboxReport(lag_of("gateway", operations, ops, signer))
    services = neighbours_of("gateway", operations, ops, signer)
    desk, issuer = desk_of(database), issuer_of(settings, clock)
    app, audit, passwords = build_accounts(settings, database, clock, services, issuer, desk)
    verify = partial(Chain(key_bytes(settings.audit_key)).verify, database)
    observer, pepper = observer_of(settings), key_bytes(settings.session_pepper)
    limiter = limiter_of(settings.valkey, pepper, settings.replicas)
    behind = Behind(
        sessions=DbSessions(
            database,
            clock,
            key_bytes(settings.session_pepper),
            factor_mandatory=settings.factor_mandatory,
        ),
        keys=DbKeys(database, clock, key_bytes(settings.key_pepper)),
        audit=audit,
        limiter=limiter,
        device_pepper=key_bytes(settings.session_pepper),
        inner=create_inner_app(app, limiter),
        upstreams=upstreams,
        signer=signer,
        clock=clock,
        feed=desk.feed,
        handlers={"GET /api/cron/outbox": outbox_handler(report)},
    )
    stopping = asyncio.Event()
    diaries = [
        asyncio.create_task(audit.run(stopping)),
        asyncio.create_task(observer.run(stopping)),
    ]
    feed = FeedWorker.of(database, kafka, followed, clock)
    try:
        await ensured(app.ensure_support)
        gates = build_gates(settings, behind, observer)
        parts = Parts(
            database=database,
            app=gates.public,
            doors=doors_of(settings, gates),
            workers=[
                Worker("relay", Relay(database, kafka, "gateway", owned_by("gateway")).run),
                Worker("feed", feed.run, health=feed.health),
                Worker("housekeeping", Housekeeping(database, clock).run),
            ],
            operations=operations,
            commands={
                **operator_commands(app),
                **user_commands(app),
                **audit_commands(verify, app.queries),
            },
            ops_routes=[OpsRoute("/internal/jwks", published(signer))],
        )
        yield parts
    finally:
        stopping.set()
        await asyncio.gather(*diaries)
        passwords.close()
        await limiter.close()
        for upstream in (*upstreams.values(), *ops.values()):
            await upstream.close()
        if issuer is not None:
            await issuer.close()
        await database.close()


def _peppers(settings: Settings) -> Peppers:
    factor_key = key_bytes(settings.factor_key)
    return Peppers(
        session=key_bytes(settings.session_pepper),
        key=key_bytes(settings.key_pepper),
        recovery=hmac.new(factor_key, b"recovery codes", hashlib.sha256).digest(),
    )


def document() -> Mapping[str, Any]:
    """What the gateway's own routes offer, as OpenAPI; nothing is connected."""
    found: Mapping[str, Any] = create_inner_app(cast("GatewayApp", None), LocalLimiter()).openapi()
    return found


SPEC = ServiceSpec(
    name="gateway", settings_type=Settings, build=build, version=VERSION, server="granian"
)
