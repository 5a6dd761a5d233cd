"""The only place where the gateway is put together."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from deskstream_chassis.clock import Clock
from gateway.application.ports import Audit, Keys, Sessions
from gateway.application.upstream import Upstream
from gateway.interface.gate.address import ClientAddress
from gateway.interface.gate.credentials import Credentials
from gateway.interface.gate.gate import Gate, Handler
from gateway.interface.gate.identity import Identities, Signer
from gateway.interface.gate.limits import Limiter
from gateway.interface.gate.observe import AccessLog, Observer
from gateway.interface.gate.policy import Policy
from gateway.interface.gate.proxy import Proxy
from gateway.interface.gate.routes import TABLE
from gateway.interface.gate.site import site_handlers
from gateway.settings import GatewaySettings

VERSION = "0.1.0"


@dataclass(frozen=True)
class Behind:
    """What stands behind the gate."""

    sessions: Sessions
    keys: Keys
    audit: Audit
    inner: ASGIApp
    """The gateway's own routes."""
    upstreams: Mapping[str, Upstream]
    signer: Signer
    clock: Clock
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    """Rows answered without an application, beside those of the site."""


def observer_of(settings: GatewaySettings) -> Observer:
    """Span, sample and line of each request, as far as the settings want them."""
    access_log = AccessLog(sys.stdout, "gateway", VERSION) if settings.access_log else None
    return Observer(access_log=access_log, tracing=settings.tracing)


def build_gate(
    settings: GatewaySettings, behind: Behind, observer: Observer, cut: asyncio.Event
) -> Gate:
    """The gate before what is behind it; `cut` ends answers that still stream."""
    credentials = Credentials(behind.sessions, behind.keys)
    site = site_handlers(settings.public_url, settings.security_contact, behind.clock)
    return Gate(
        table=TABLE,
        hosts=settings.hosts,
        address=ClientAddress(settings.trusted_proxies),
        policy=Policy(credentials, Limiter(), behind.audit, settings.public_url),
        credentials=credentials,
        proxy=Proxy(behind.upstreams, Identities(behind.signer), cut),
        inner=behind.inner,
        handlers={**site, **behind.handlers},
        observer=observer,
    )
