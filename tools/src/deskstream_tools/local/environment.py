"""What each service of a stack is told by its environment."""

import json
import os
from collections.abc import Mapping

from deskstream_tools.local.postgres import PostgresServer
from deskstream_tools.local.secrets import signing_keys, stack_secrets
from deskstream_tools.local.settings import SERVICES, StackSettings

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "JAVA_HOME", "TMPDIR", "VIRTUAL_ENV")
MARK = "DESKSTREAM_STACK"
"""Every process of a stack carries its data folder under this name, so that it can be found."""


def base(settings: StackSettings) -> dict[str, str]:
    """What all processes of the stack have: little of ours, and the mark."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed, "PYTHONUNBUFFERED": "1", MARK: str(settings.data)}


def service_environment(
    settings: StackSettings, postgres: PostgresServer, service: str
) -> dict[str, str]:
    """A service's own variables, prefix included."""
    own = {
        **_common(settings, postgres, service),
        **_of[service](settings, stack_secrets(settings.data)),
        **settings.environment.get(service, {}),
    }
    return {f"{service.upper()}_{name}": value for name, value in own.items() if value}


def database_name(service: str) -> str:
    """The service's database."""
    return f"deskstream_{service}"


def _common(settings: StackSettings, postgres: PostgresServer, service: str) -> dict[str, str]:
    return {
        "PROFILE": "dev",
        "DATABASE_DSN": postgres.dsn(database_name(service)),
        "KAFKA_BOOTSTRAP": settings.bootstrap,
        "TOPIC_PREFIX": settings.topic_prefix,
        "API_HOST": "127.0.0.1",
        "API_PORT": str(settings.ports[f"{service}-api"]),
        "OPS_PORT": str(settings.ports[f"{service}-ops"]),
        "JWKS_URL": f"{settings.url('gateway-ops')}/internal/jwks",
        "SUBJECT_KEY": stack_secrets(settings.data)["SUBJECT_KEY"],
    }


def _gateway(settings: StackSettings, keys: Mapping[str, str]) -> dict[str, str]:
    port = settings.ports["gateway-api"]
    names = ("SESSION_PEPPER", "KEY_PEPPER", "AUDIT_KEY", "FACTOR_KEY", "MAIL_TOKEN_KEY")
    return {
        **{name: keys[name] for name in names},
        "SIGNING_KEYS_FILE": str(signing_keys(settings.data)),
        "PUBLIC_URL": settings.url("gateway-api"),
        "ALLOWED_HOSTS": f"127.0.0.1:{port},localhost:{port}",
        "UPSTREAM_TICKETING": settings.url("ticketing-api"),
        "UPSTREAM_NOTIFIER": settings.url("notifier-api"),
        "WEBHOOK_SECRETS": json.dumps({"3cx": [keys["TELEPHONY_SECRET"]]}),
        "OPS_URLS": json.dumps(
            {name: settings.url(f"{name}-api") for name in SERVICES if name != "gateway"}
        ),
    }


def _ticketing(settings: StackSettings, keys: Mapping[str, str]) -> dict[str, str]:
    return {"BUCKET_URL": _bucket(settings), "PLUS_TOKEN_KEY": keys["PLUS_TOKEN_KEY"]}


def _bucket(settings: StackSettings) -> str:
    return f"file://{settings.data / 'files'}"


def _notifier(settings: StackSettings, keys: Mapping[str, str]) -> dict[str, str]:
    return {
        "BUCKET_URL": _bucket(settings),
        "PLUS_TOKEN_KEY": keys["PLUS_TOKEN_KEY"],
        "MAIL_TOKEN_KEY": keys["MAIL_TOKEN_KEY"],
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(settings.ports["mailbox-smtp"]),
        "RECEIVE_PORT": str(settings.ports["mail-in"]),
        "MAIL_DOMAIN": settings.mail_domain,
        "MAIL_FROM": f"support@{settings.mail_domain}",
        "PUBLIC_URL": settings.url("gateway-api"),
    }


_of = {"gateway": _gateway, "ticketing": _ticketing, "notifier": _notifier}
