"""The route table: what the gateway serves, and nothing else is a route.

Every row of spec/routes.csv and spec/routes-extra.csv stands here; those that nobody serves yet are
named in `not_yet_served.txt`, a list that may only shrink. A row that is not served answers exactly
like a path that does not exist.
"""

from functools import partial
from importlib import resources

from gateway.interface.gate.rows import (
    FIRST_BYTE_UPLOAD,
    TEXT_BODY,
    UPLOAD_BODY,
    Row,
    make_row,
)


def not_yet_served() -> frozenset[str]:
    """`METHOD /path` of the rows that answer 404 for now."""
    text = resources.files("gateway.interface.gate").joinpath("not_yet_served.txt").read_text()
    return frozenset(text.split("\n")) - {""}


PUBLIC = {
    "/api/auth/factor/verify": "second step of a sign-in: proof is the pending sign-in and a code",
    "/api/auth/forgot-password": "asked by those who cannot sign in; always the same answer",
    "/api/auth/login": "this is where a session comes from",
    "/api/auth/oidc/callback": "comes back cross-site; proof is the single-use state",
    "/api/auth/oidc/start": "starts a sign-in at the configured issuer",
    "/api/auth/register": "a newcomer has no session yet; one answer for all addresses",
    "/api/auth/resend-verification": "asked before one can sign in; always the same answer",
    "/api/auth/reset-password": "proof is the single-use token of the mail's link; signs nobody in",
    "/api/auth/verify-email": "proof is the single-use token of the mail's link",
    "/api/capture-self-id": "called from the shop by its customers; same answer whether one exists",
    "/api/health": "probes of load balancers; tells liveness only",
    "/api/qbo/auth/callback": "comes back cross-site; proof is the single-use state",
    "/api/robots": "a constant text for crawlers",
    "/api/security-txt": "how to report a weakness (RFC 9116)",
    "/api/sitemap": "a constant text for crawlers",
    "/reset-password": "a static page whose button posts; changes nothing by itself",
    "/verify-email": "a static page whose button posts; changes nothing by itself",
}
"""Every public path and why it is public; a test pins the list."""

_row = partial(make_row, unserved=not_yet_served(), reasons=PUBLIC)
_own = partial(_row, upstream="gateway")
_desk = partial(_row, upstream="ticketing")
_people = partial(_row, upstream="customer-identity")
_shop = partial(_row, upstream="commerce-gateway")
_mail = partial(_row, upstream="notifier")
_rag = partial(_row, upstream="rag")

GATEWAY = (
    _own("GET", "/api/admin/users", "role:manager", "admin"),
    _own("POST", "/api/admin/users/{id:uuid}/status", "role:manager", "admin", step_up=True),
    _own("POST", "/api/auth/register", "public", "auth"),
    _own("GET", "/api/auth/user-role", "session", "api"),
    _own("GET", "/api/users", "session", "api"),
    _own("GET", "/api/health", "public", "none"),
    _own("HEAD", "/api/health", "public", "none"),
    _own("GET", "/api/realtime", "session", "api", renews=False),
    _own("GET", "/api/robots", "public", "none"),
    _own("GET", "/api/sitemap", "public", "none"),
    _own("GET", "/api/security-txt", "public", "none"),
    _own("GET", "/api/cron/outbox", "cron", "none"),
    _own("POST", "/api/auth/login", "public", "auth", by_device=True),
    _own("POST", "/api/auth/logout", "session", "api", viewer=True),
    _own("GET", "/api/auth/session", "session", "api", renews=False),
    _own("GET", "/api/auth/sessions", "session", "api"),
    _own("DELETE", "/api/auth/sessions/{id:uuid}", "session", "api", viewer=True),
    _own("POST", "/api/auth/verify-email", "public", "auth"),
    _own("POST", "/api/auth/forgot-password", "public", "auth"),
    _own("POST", "/api/auth/reset-password", "public", "auth"),
    _own("POST", "/api/auth/factor", "session", "auth", viewer=True),
    _own("POST", "/api/auth/factor/verify", "public", "auth", by_device=True),
    _own("GET", "/api/keys", "role:admin", "admin"),
    _own("POST", "/api/keys", "role:admin", "admin", step_up=True),
    _own("DELETE", "/api/keys/{id:key}", "role:admin", "admin", step_up=True),
    _own("GET", "/api/teams", "session", "api"),
    _own("POST", "/api/teams", "role:admin", "admin"),
    _own("PUT", "/api/admin/users/{id:uuid}/teams", "role:manager", "admin"),
    _own("GET", "/api/audit", "role:admin", "admin"),
    _own("GET", "/api/jobs/{id:uuid}", "session", "api"),
    _own("GET", "/api/ops/streams", "role:manager", "admin"),
    _own(
        "POST", "/api/ops/streams/{service:slug}/parked/{id:uuid}/replay", "role:manager", "admin"
    ),
    _own(
        "POST",
        "/api/ops/streams/{service:slug}/dead-letters/{id:uuid}/replay",
        "role:manager",
        "admin",
    ),
    _own("GET", "/api/events", "api-key:events", "api"),
    _own("GET", "/api/webhooks", "role:admin", "admin"),
    _own("POST", "/api/webhooks", "role:admin", "admin"),
    _own("DELETE", "/api/webhooks/{id:uuid}", "role:admin", "admin"),
    _own("POST", "/api/presence", "session", "api", viewer=True, renews=False),
    _own("POST", "/api/hooks/{vendor:slug}/{topic:slug}", "webhook:vendor", "webhook"),
    _own("POST", "/api/ops/effects/{id:uuid}/resolve", "role:manager", "admin"),
    _own("GET", "/api/ops/effects", "role:manager", "admin"),
    _own("GET", "/api/ops/inbound", "role:manager", "admin"),
    _own("POST", "/api/ops/inbound/{id:uuid}/release", "role:manager", "admin"),
    _own("GET", "/verify-email", "public", "auth"),
    _own("GET", "/reset-password", "public", "auth"),
    _own("POST", "/api/auth/resend-verification", "public", "auth"),
    _own("POST", "/api/auth/change-password", "session", "auth", viewer=True),
    _own("POST", "/api/auth/step-up", "session", "auth", viewer=True),
    _own("GET", "/api/auth/oidc/start", "public", "auth"),
    _own("GET", "/api/auth/oidc/callback", "public:state", "auth"),
    _own("POST", "/api/admin/users/{id:uuid}/reset-factor", "role:admin", "admin", step_up=True),
    _own("DELETE", "/api/auth/oidc", "session", "api", viewer=True),
    _own("PUT", "/api/teams/{id:uuid}", "role:admin", "admin"),
    _own("POST", "/api/keys/{id:key}/rotate", "role:admin", "admin", step_up=True),
    _own("GET", "/api/presence", "session", "api", renews=False),
)

TICKETING = (
    _desk("POST", "/api/admin/tickets/{id:ticket}/reopen", "role:admin", "admin"),
    _desk("GET", "/api/tickets", "session", "api"),
    _desk("POST", "/api/tickets", "session|api-key:tickets:create", "api", body=TEXT_BODY),
    _desk("GET", "/api/tickets/{id:ticket}", "ticket:view", "api"),
    _desk("PUT", "/api/tickets/{id:ticket}", "ticket:modify", "api"),
    _desk("DELETE", "/api/tickets/{id:ticket}", "ticket:delete", "api"),
    _desk("GET", "/api/tickets/{id:ticket}/comments", "ticket:view", "api"),
    _desk("POST", "/api/tickets/{id:ticket}/comments", "ticket:modify", "api", body=TEXT_BODY),
    _desk(
        "POST",
        "/api/tickets/{id:ticket}/attachments",
        "ticket:modify",
        "api",
        body=UPLOAD_BODY,
        timeout=FIRST_BYTE_UPLOAD,
    ),
    _desk("POST", "/api/tickets/{id:ticket}/reply", "ticket:modify", "api", body=TEXT_BODY),
    _desk("POST", "/api/tickets/{id:ticket}/merge", "role:manager", "api"),
    _desk("POST", "/api/tickets/{id:ticket}/reopen", "ticket:modify", "api"),
    _desk("GET", "/api/attachments/{id:uuid}/download", "ticket:view", "api"),
    _desk("GET", "/api/canned-responses", "session", "api"),
    _desk("GET", "/api/signatures", "session", "api"),
    _desk("POST", "/api/signatures", "session", "api"),
    _desk("PUT", "/api/signatures/{id:uuid}", "session", "api"),
    _desk("DELETE", "/api/signatures/{id:uuid}", "session", "api"),
    _desk("GET", "/api/calls/{id:uuid}", "session", "api"),
    _desk("PATCH", "/api/calls/{id:uuid}", "session", "api"),
    _desk("POST", "/api/credit-application/submit", "api-key:credit-applications", "api"),
    _desk("GET", "/api/cron/check-slas", "cron", "none"),
    _desk("GET", "/api/cron/update-metrics", "cron", "none"),
    _desk("POST", "/api/telephony/3cx", "webhook:3cx", "webhook"),
    _desk("POST", "/api/tickets/{id:ticket}/unmerge", "role:manager", "api"),
    _desk("POST", "/api/tickets/{id:ticket}/split", "ticket:modify", "api", body=TEXT_BODY),
    _desk("POST", "/api/tickets/{id:ticket}/restore", "role:manager", "admin"),
    _desk("POST", "/api/tickets/{id:ticket}/snooze", "ticket:modify", "api"),
    _desk("GET", "/api/tickets/{id:ticket}/history", "ticket:view", "api"),
    _desk("GET", "/api/tickets/{id:ticket}/replies/{reply_id:uuid}", "ticket:view", "api"),
    _desk(
        "POST", "/api/tickets/{id:ticket}/replies/{reply_id:uuid}/cancel", "ticket:modify", "api"
    ),
    _desk("POST", "/api/tickets/{id:ticket}/replies/{reply_id:uuid}/retry", "ticket:modify", "api"),
    _desk(
        "POST", "/api/tickets/{id:ticket}/replies/{reply_id:uuid}/discard", "ticket:modify", "api"
    ),
    _desk("GET", "/api/tickets/{id:ticket}/draft", "ticket:view", "api"),
    _desk("PUT", "/api/tickets/{id:ticket}/draft", "ticket:modify", "api", body=TEXT_BODY),
    _desk("DELETE", "/api/tickets/{id:ticket}/draft", "ticket:modify", "api"),
    _desk("GET", "/api/tickets/failed-replies", "session", "api"),
    _desk("GET", "/api/views", "session", "api"),
    _desk("POST", "/api/views", "session", "api", viewer=True),
    _desk("PUT", "/api/views/{id:uuid}", "session", "api", viewer=True),
    _desk("DELETE", "/api/views/{id:uuid}", "session", "api", viewer=True),
    _desk("POST", "/api/canned-responses", "role:manager", "api"),
    _desk("PUT", "/api/canned-responses/{id:uuid}", "role:manager", "api"),
    _desk("DELETE", "/api/canned-responses/{id:uuid}", "role:manager", "api"),
    _desk("GET", "/api/sla-policies", "session", "api"),
    _desk("PUT", "/api/sla-policies/{team:uuid}", "role:manager", "admin"),
    _desk("POST", "/api/sla-policies/what-if", "role:manager", "admin"),
    _desk("GET", "/api/calls", "session", "api"),
    _desk("POST", "/api/tickets/bulk", "session", "api"),
    _desk(
        "POST",
        "/api/tickets/{id:ticket}/messages/{message_id:uuid}/release",
        "ticket:modify",
        "api",
    ),
    _desk(
        "PUT",
        "/api/tickets/{id:ticket}/replies/{reply_id:uuid}",
        "ticket:modify",
        "api",
        body=TEXT_BODY,
    ),
    _desk("POST", "/api/tickets/{id:ticket}/merge/preview", "role:manager", "api"),
    _desk("PUT", "/api/tickets/{id:ticket}/orders", "ticket:modify", "api"),
    _desk("GET", "/api/metrics/desk", "role:manager", "api"),
)

CUSTOMER_IDENTITY = (
    _people("GET", "/api/admin/customers", "role:admin", "admin"),
    _people("POST", "/api/admin/customers", "role:admin", "admin"),
    _people("GET", "/api/admin/customers/ai-suggestions", "role:admin", "admin"),
    _people("POST", "/api/admin/customers/ai-suggestions", "role:admin", "admin"),
    _people("GET", "/api/admin/customers/auto-create", "role:manager", "admin"),
    _people("POST", "/api/admin/customers/auto-create", "role:manager", "admin"),
    _people(
        "POST",
        "/api/admin/customers/import",
        "role:admin",
        "admin",
        body=UPLOAD_BODY,
        timeout=FIRST_BYTE_UPLOAD,
    ),
    _people("POST", "/api/tasks/{id:uuid}/complete", "session", "api"),
    _people("POST", "/api/tasks/{id:uuid}/dismiss", "session", "api"),
    _people("POST", "/api/capture-self-id", "public", "public-limited"),
    _people("GET", "/api/customers/search", "session", "api"),
    _people("GET", "/api/customers/{id:uuid}/360", "session", "api"),
    _people("POST", "/api/customers/merge", "role:manager", "api", step_up=True),
    _people("GET", "/api/customers/{id:uuid}/merge-candidates", "role:manager", "api"),
    _people("GET", "/api/opportunities", "session", "api"),
    _people("POST", "/api/opportunities", "session", "api"),
    _people("GET", "/api/opportunities/{id:uuid}", "session", "api"),
    _people("PUT", "/api/opportunities/{id:uuid}", "session", "api"),
    _people("GET", "/api/cron/customer-scores", "cron", "none"),
    _people("GET", "/api/tasks", "session", "api"),
    _people("POST", "/api/tasks", "session", "api"),
    _people("GET", "/api/customers/{id:uuid}", "session", "api"),
    _people("PATCH", "/api/customers/{id:uuid}", "session", "api"),
    _people("POST", "/api/customers/{id:uuid}/unmerge", "role:manager", "api"),
    _people("POST", "/api/customers/{id:uuid}/export", "role:manager", "admin", step_up=True),
    _people("GET", "/api/customers/{id:uuid}/export", "role:manager", "admin", step_up=True),
    _people("POST", "/api/customers/{id:uuid}/erase", "role:admin", "admin", step_up=True),
    _people("POST", "/api/customers/{id:uuid}/identities", "session", "api"),
    _people("DELETE", "/api/customers/{id:uuid}/identities/{identity_id:uuid}", "session", "api"),
    _people("POST", "/api/customers/merge/preview", "role:manager", "api"),
    _people("GET", "/api/customers/{id:uuid}/360/{panel:slug}", "session", "api"),
    _people("GET", "/api/customers/{id:uuid}/contacts", "session", "api"),
    _people("POST", "/api/customers/{id:uuid}/contacts", "session", "api"),
    _people("PATCH", "/api/tasks/{id:uuid}", "session", "api"),
)

COMMERCE_GATEWAY = (
    _shop("GET", "/api/tickets/{id:ticket}/draft-order-status", "ticket:view", "api"),
    _shop("GET", "/api/tickets/{id:ticket}/shipstation-live", "ticket:view", "api"),
    _shop("GET", "/api/orders/search", "session", "api"),
    _shop("GET", "/api/products/direct-search", "session", "api"),
    _shop("GET", "/api/products/search-variant", "session", "api"),
    _shop("POST", "/api/draft-orders", "role:manager", "admin"),
    _shop("GET", "/api/draft-orders/{id:uuid}", "session", "api"),
    _shop("GET", "/api/draft-orders/search", "session", "api"),
    _shop("POST", "/api/draft-orders/send-invoice", "role:manager", "admin"),
    _shop("POST", "/api/shipping-rates/calculate", "session", "api", viewer=True),
    _shop("GET", "/api/shipstation/order-details", "session", "api"),
    _shop("GET", "/api/shipstation/search-customer", "session", "api"),
    _shop("GET", "/api/shipstation/customer-orders", "session", "api"),
    _shop("POST", "/api/sync-products", "role:admin|cron", "admin"),
    _shop("GET", "/api/qbo/auth/connect", "role:admin", "admin"),
    _shop("GET", "/api/qbo/auth/callback", "public:state", "auth"),
    _shop("POST", "/api/qbo/estimates", "session", "api"),
    _shop("GET", "/api/cron/ar-late", "cron", "none"),
    _shop("GET", "/api/cron/sync-products", "cron", "none"),
    _shop("GET", "/api/cron/sync-amazon", "cron", "none"),
    _shop("GET", "/api/cron/sync-qbo", "cron", "none"),
    _shop("GET", "/api/orders/{id:uuid}", "session", "api"),
    _shop("GET", "/api/estimates/{id:uuid}", "session", "api"),
    _shop("GET", "/api/receivables", "role:manager", "api"),
    _shop("GET", "/api/connections", "role:manager", "admin"),
)

NOTIFIER = (
    _mail("POST", "/api/email/send-invoice", "role:manager", "email"),
    _mail("POST", "/api/email/send-estimate", "session", "email"),
    _mail("GET", "/api/suppressions", "role:manager", "admin"),
    _mail("DELETE", "/api/suppressions/{id:uuid}", "role:manager", "admin"),
)

RAG = (
    _rag("GET", "/api/admin/rag/diagnostics", "role:admin", "admin"),
    _rag("POST", "/api/admin/rag/reindex", "role:admin", "admin"),
    _rag("POST", "/api/tickets/{id:ticket}/draft-ai-reply", "ticket:view", "rag"),
    _rag("POST", "/api/rag/query", "session", "rag", viewer=True),
    _rag("GET", "/api/rag/similar-tickets", "ticket:view", "rag"),
    _rag("POST", "/api/rag/similar-tickets", "session", "rag", viewer=True),
    _rag("GET", "/api/rag/similar-replies", "ticket:view", "rag"),
    _rag("POST", "/api/rag/similar-replies", "session", "rag", viewer=True),
)

TABLE: tuple[Row, ...] = (
    *GATEWAY,
    *TICKETING,
    *CUSTOMER_IDENTITY,
    *COMMERCE_GATEWAY,
    *NOTIFIER,
    *RAG,
)
