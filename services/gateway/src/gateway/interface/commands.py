"""What an operator does from a shell of the installation: `python -m gateway admin|key …`.

Answers are JSON values; a secret is in them once, where it was made.
"""

import argparse
import secrets
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.application.app import GatewayApp
from gateway.application.create_admin import CreateAdmin
from gateway.application.create_key import CreateKey
from gateway.application.revoke_key import RevokeKey
from gateway.application.rotate_key import RotateKey
from gateway.domain.api_key import ApiKey
from gateway.interface.shell import Command, Parser, operator, told


def operator_commands(app: GatewayApp) -> Mapping[str, Command]:
    """`admin-create` and `key-create`, `-list`, `-rotate`, `-revoke`; each acts as
    `system:operator`."""

    async def admin_create(arguments: Sequence[str]) -> Any:
        """Without `--password-stdin` a password is made and shown."""
        parser = Parser("admin create")
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        parser.add_argument("--password-stdin", action="store_true")
        given = parser.parse_args(arguments)
        typed = sys.stdin.readline().rstrip("\r\n") if given.password_stdin else None
        password = typed or secrets.token_urlsafe(18)
        command = CreateAdmin(given.email, given.name, password)
        user_id = await told(operator().once(app.create_admin, command, UUID))
        return {"id": user_id} | ({} if typed else {"password": password})

    async def key_create(arguments: Sequence[str]) -> Any:
        """The secret is in this answer only."""
        parser = Parser("key create")
        parser.add_argument("name")
        parser.add_argument("--scope", action="append", required=True, dest="scopes")
        parser.add_argument("--rate", type=int, dest="rate_per_minute")
        parser.add_argument("--expires", type=_instant)
        parser.add_argument("--json", action="store_true")
        given = parser.parse_args(arguments)
        command = CreateKey(given.name, tuple(given.scopes), given.expires, given.rate_per_minute)
        made = await told(app.create_key(command, operator()))
        return {**_shown(made.key), "secret": made.secret}

    async def key_list(arguments: Sequence[str]) -> Any:
        _only_json("key list", arguments)
        return {"items": [_shown(key) for key in await app.queries.keys()]}

    async def key_rotate(arguments: Sequence[str]) -> Any:
        """Another secret, in this answer only; the one before works for so many seconds more."""
        parser = Parser("key rotate")
        parser.add_argument("id")
        parser.add_argument("--overlap", type=int, default=0)
        given = parser.parse_args(arguments)
        command = RotateKey(given.id, timedelta(seconds=given.overlap))
        made = await told(app.rotate_key(command, operator()))
        return {**_shown(made.key), "secret": made.secret}

    async def key_revoke(arguments: Sequence[str]) -> Any:
        parser = Parser("key revoke")
        parser.add_argument("id")
        parser.add_argument("--json", action="store_true")
        key_id = parser.parse_args(arguments).id
        await told(operator().once(app.revoke_key, RevokeKey(key_id), type(None)))
        return {"id": key_id, "revoked": True}

    return {
        "admin-create": admin_create,
        "key-create": key_create,
        "key-list": key_list,
        "key-rotate": key_rotate,
        "key-revoke": key_revoke,
    }


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("an instant needs an offset: 2027-01-31T00:00:00Z")
    return found


def _only_json(name: str, arguments: Sequence[str]) -> None:
    parser = Parser(name)
    parser.add_argument("--json", action="store_true")
    parser.parse_args(arguments)


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "name": key.name,
        "scopes": list(key.scopes),
        "rate_per_minute": key.rate_per_minute,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
