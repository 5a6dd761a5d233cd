"""The audit trail: one stream per writer and day. Ids and keyed hashes only, no personal data."""

from typing import Literal

from deskstream_events.event import Event, Instant, registry

Action = Literal[
    "account_created",
    "signed_in",
    "sign_in_failed",
    "signed_out",
    "session_ended",
    "sessions_ended",
    "email_verified",
    "password_changed",
    "reset_requested",
    "link_sent_again",
    "factor_enabled",
    "factor_disabled",
    "stepped_up",
    "locked",
    "oidc_linked",
    "oidc_unlinked",
    "user_approved",
    "user_suspended",
    "user_reinstated",
    "role_changed",
    "teams_changed",
    "team_created",
    "team_changed",
    "key_created",
    "key_revoked",
    "key_rotated",
    "key_used",
    "refused",
    "limited",
    "webhook_rejected",
    "replayed",
    "effect_resolved",
    "inbound_released",
]


@registry.event("gateway.audit.recorded.v1")
class AuditRecordedV1(Event):
    """Something worth keeping happened at the gate. Refusals, limit hits and key use are summed
    per minute: `count` says how many, `window_start` since when."""

    action: Action
    outcome: Literal["ok", "denied", "failed"]
    principal: str | None = None
    """`user:<id>`, `key:<id>`, `system:operator` (a shell of the installation) or None for the
    anonymous."""
    target: str | None = None
    """`user:<id>`, `team:<id>`, `key:<id>`, the template of a route, or what was operated on:
    `parked:<service>/<consumer>/<stream>`, `letter:<service>/<id>`, `effect:<service>/<id>`,
    `inbound:<id>`."""
    code: str | None = None
    """The stable code of the refusal."""
    address_hash: str | None = None
    """HMAC of the client's address."""
    count: int = 1
    window_start: Instant | None = None
