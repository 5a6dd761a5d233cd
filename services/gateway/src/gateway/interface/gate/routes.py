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

GATEWAY = (
    _row("GET", "/api/admin/users", "gateway", "role:manager", "admin"),
    _row("POST", "/api/admin/users/{id:uuid}/status", "gateway", "role:manager", "admin"),
    _row("POST", "/api/auth/register", "gateway", "public", "auth"),
    _row("GET", "/api/auth/user-role", "gateway", "session", "api"),
    _row("GET", "/api/users", "gateway", "session", "api"),
    _row("GET", "/api/health", "gateway", "public", "none"),
    _row("HEAD", "/api/health", "gateway", "public", "none"),
    _row("GET", "/api/realtime", "gateway", "session", "api", renews=False),
    _row("GET", "/api/robots", "gateway", "public", "none"),
    _row("GET", "/api/sitemap", "gateway", "public", "none"),
    _row("GET", "/api/security-txt", "gateway", "public", "none"),
    _row("GET", "/api/cron/outbox", "gateway", "cron", "none"),
    _row("POST", "/api/auth/login", "gateway", "public", "auth"),
    _row("POST", "/api/auth/logout", "gateway", "session", "api", viewer=True),
    _row("GET", "/api/auth/session", "gateway", "session", "api", renews=False),
    _row("GET", "/api/auth/sessions", "gateway", "session", "api"),
    _row("DELETE", "/api/auth/sessions/{id:uuid}", "gateway", "session", "api", viewer=True),
    _row("POST", "/api/auth/verify-email", "gateway", "public", "auth", page=True),
    _row("POST", "/api/auth/forgot-password", "gateway", "public", "auth"),
    _row("POST", "/api/auth/reset-password", "gateway", "public", "auth"),
    _row("POST", "/api/auth/factor", "gateway", "session", "auth", viewer=True),
    _row("POST", "/api/auth/factor/verify", "gateway", "public", "auth"),
    _row("GET", "/api/keys", "gateway", "role:admin", "admin"),
    _row("POST", "/api/keys", "gateway", "role:admin", "admin"),
    _row("DELETE", "/api/keys/{id:key}", "gateway", "role:admin", "admin"),
    _row("GET", "/api/teams", "gateway", "session", "api"),
    _row("POST", "/api/teams", "gateway", "role:admin", "admin"),
    _row("PUT", "/api/admin/users/{id:uuid}/teams", "gateway", "role:manager", "admin"),
    _row("GET", "/api/audit", "gateway", "role:admin", "admin"),
    _row("GET", "/api/jobs/{id:uuid}", "gateway", "session", "api"),
    _row("GET", "/api/ops/streams", "gateway", "role:manager", "admin"),
    _row(
        "POST",
        "/api/ops/streams/{service:slug}/parked/{id:uuid}/replay",
        "gateway",
        "role:manager",
        "admin",
    ),
    _row(
        "POST",
        "/api/ops/streams/{service:slug}/dead-letters/{id:uuid}/replay",
        "gateway",
        "role:manager",
        "admin",
    ),
    _row("GET", "/api/events", "gateway", "api-key:events", "api"),
    _row("GET", "/api/webhooks", "gateway", "role:admin", "admin"),
    _row("POST", "/api/webhooks", "gateway", "role:admin", "admin"),
    _row("DELETE", "/api/webhooks/{id:uuid}", "gateway", "role:admin", "admin"),
    _row("POST", "/api/presence", "gateway", "session", "api", viewer=True, renews=False),
    _row("POST", "/api/hooks/{vendor:slug}/{topic:slug}", "gateway", "webhook:vendor", "webhook"),
    _row("POST", "/api/ops/effects/{id:uuid}/resolve", "gateway", "role:manager", "admin"),
    _row("GET", "/api/ops/effects", "gateway", "role:manager", "admin"),
    _row("GET", "/api/ops/inbound", "gateway", "role:manager", "admin"),
    _row("POST", "/api/ops/inbound/{id:uuid}/release", "gateway", "role:manager", "admin"),
    _row("GET", "/verify-email", "gateway", "public", "auth", page=True),
    _row("GET", "/reset-password", "gateway", "public", "auth", page=True),
    _row("POST", "/api/auth/resend-verification", "gateway", "public", "auth"),
    _row("POST", "/api/auth/change-password", "gateway", "session", "auth", viewer=True),
    _row("POST", "/api/auth/step-up", "gateway", "session", "auth", viewer=True),
    _row("GET", "/api/auth/oidc/start", "gateway", "public", "auth"),
    _row("GET", "/api/auth/oidc/callback", "gateway", "public:state", "auth"),
    _row("POST", "/api/admin/users/{id:uuid}/reset-factor", "gateway", "role:admin", "admin"),
    _row("PUT", "/api/teams/{id:uuid}", "gateway", "role:admin", "admin"),
    _row("POST", "/api/keys/{id:key}/rotate", "gateway", "role:admin", "admin"),
    _row("GET", "/api/presence", "gateway", "session", "api", renews=False),
)

TICKETING = (
    _row("POST", "/api/admin/tickets/{id:ticket}/reopen", "ticketing", "role:admin", "admin"),
    _row("GET", "/api/tickets", "ticketing", "session", "api"),
    _row(
        "POST", "/api/tickets", "ticketing", "session|api-key:tickets:create", "api", body=TEXT_BODY
    ),
    _row("GET", "/api/tickets/{id:ticket}", "ticketing", "ticket:view", "api"),
    _row("PUT", "/api/tickets/{id:ticket}", "ticketing", "ticket:modify", "api"),
    _row("DELETE", "/api/tickets/{id:ticket}", "ticketing", "ticket:delete", "api"),
    _row("GET", "/api/tickets/{id:ticket}/comments", "ticketing", "ticket:view", "api"),
    _row(
        "POST",
        "/api/tickets/{id:ticket}/comments",
        "ticketing",
        "ticket:modify",
        "api",
        body=TEXT_BODY,
    ),
    _row(
        "POST",
        "/api/tickets/{id:ticket}/attachments",
        "ticketing",
        "ticket:modify",
        "api",
        body=UPLOAD_BODY,
        timeout=FIRST_BYTE_UPLOAD,
    ),
    _row(
        "POST",
        "/api/tickets/{id:ticket}/reply",
        "ticketing",
        "ticket:modify",
        "api",
        body=TEXT_BODY,
    ),
    _row("POST", "/api/tickets/{id:ticket}/merge", "ticketing", "role:manager", "api"),
    _row("POST", "/api/tickets/{id:ticket}/reopen", "ticketing", "ticket:modify", "api"),
    _row("GET", "/api/attachments/{id:uuid}/download", "ticketing", "ticket:view", "api"),
    _row("GET", "/api/canned-responses", "ticketing", "session", "api"),
    _row("GET", "/api/signatures", "ticketing", "session", "api"),
    _row("POST", "/api/signatures", "ticketing", "session", "api"),
    _row("PUT", "/api/signatures/{id:uuid}", "ticketing", "session", "api"),
    _row("DELETE", "/api/signatures/{id:uuid}", "ticketing", "session", "api"),
    _row("GET", "/api/calls/{id:uuid}", "ticketing", "session", "api"),
    _row("PATCH", "/api/calls/{id:uuid}", "ticketing", "session", "api"),
    _row(
        "POST", "/api/credit-application/submit", "ticketing", "api-key:credit-applications", "api"
    ),
    _row("GET", "/api/cron/check-slas", "ticketing", "cron", "none"),
    _row("GET", "/api/cron/update-metrics", "ticketing", "cron", "none"),
    _row("POST", "/api/telephony/3cx", "ticketing", "webhook:3cx", "webhook"),
    _row("POST", "/api/tickets/{id:ticket}/unmerge", "ticketing", "role:manager", "api"),
    _row(
        "POST",
        "/api/tickets/{id:ticket}/split",
        "ticketing",
        "ticket:modify",
        "api",
        body=TEXT_BODY,
    ),
    _row("POST", "/api/tickets/{id:ticket}/restore", "ticketing", "role:manager", "admin"),
    _row("POST", "/api/tickets/{id:ticket}/snooze", "ticketing", "ticket:modify", "api"),
    _row("GET", "/api/tickets/{id:ticket}/history", "ticketing", "ticket:view", "api"),
    _row(
        "GET", "/api/tickets/{id:ticket}/replies/{reply_id:uuid}", "ticketing", "ticket:view", "api"
    ),
    _row(
        "POST",
        "/api/tickets/{id:ticket}/replies/{reply_id:uuid}/cancel",
        "ticketing",
        "ticket:modify",
        "api",
    ),
    _row(
        "POST",
        "/api/tickets/{id:ticket}/replies/{reply_id:uuid}/retry",
        "ticketing",
        "ticket:modify",
        "api",
    ),
    _row(
        "POST",
        "/api/tickets/{id:ticket}/replies/{reply_id:uuid}/discard",
        "ticketing",
        "ticket:modify",
        "api",
    ),
    _row("GET", "/api/tickets/{id:ticket}/draft", "ticketing", "ticket:view", "api"),
    _row(
        "PUT", "/api/tickets/{id:ticket}/draft", "ticketing", "ticket:modify", "api", body=TEXT_BODY
    ),
    _row("DELETE", "/api/tickets/{id:ticket}/draft", "ticketing", "ticket:modify", "api"),
    _row("GET", "/api/tickets/failed-replies", "ticketing", "session", "api"),
    _row("GET", "/api/views", "ticketing", "session", "api"),
    _row("POST", "/api/views", "ticketing", "session", "api", viewer=True),
    _row("PUT", "/api/views/{id:uuid}", "ticketing", "session", "api", viewer=True),
    _row("DELETE", "/api/views/{id:uuid}", "ticketing", "session", "api", viewer=True),
    _row("POST", "/api/canned-responses", "ticketing", "role:manager", "api"),
    _row("PUT", "/api/canned-responses/{id:uuid}", "ticketing", "role:manager", "api"),
    _row("DELETE", "/api/canned-responses/{id:uuid}", "ticketing", "role:manager", "api"),
    _row("GET", "/api/sla-policies", "ticketing", "session", "api"),
    _row("PUT", "/api/sla-policies/{team:uuid}", "ticketing", "role:manager", "admin"),
    _row("POST", "/api/sla-policies/what-if", "ticketing", "role:manager", "admin"),
    _row("GET", "/api/calls", "ticketing", "session", "api"),
    _row("POST", "/api/tickets/bulk", "ticketing", "session", "api"),
    _row(
        "POST",
        "/api/tickets/{id:ticket}/messages/{message_id:uuid}/release",
        "ticketing",
        "ticket:modify",
        "api",
    ),
    _row(
        "PUT",
        "/api/tickets/{id:ticket}/replies/{reply_id:uuid}",
        "ticketing",
        "ticket:modify",
        "api",
        body=TEXT_BODY,
    ),
    _row("POST", "/api/tickets/{id:ticket}/merge/preview", "ticketing", "role:manager", "api"),
    _row("PUT", "/api/tickets/{id:ticket}/orders", "ticketing", "ticket:modify", "api"),
    _row("GET", "/api/metrics/desk", "ticketing", "role:manager", "api"),
)

CUSTOMER_IDENTITY = (
    _row("GET", "/api/admin/customers", "customer-identity", "role:admin", "admin"),
    _row("POST", "/api/admin/customers", "customer-identity", "role:admin", "admin"),
    _row("GET", "/api/admin/customers/ai-suggestions", "customer-identity", "role:admin", "admin"),
    _row("POST", "/api/admin/customers/ai-suggestions", "customer-identity", "role:admin", "admin"),
    _row("GET", "/api/admin/customers/auto-create", "customer-identity", "role:manager", "admin"),
    _row("POST", "/api/admin/customers/auto-create", "customer-identity", "role:manager", "admin"),
    _row(
        "POST",
        "/api/admin/customers/import",
        "customer-identity",
        "role:admin",
        "admin",
        body=UPLOAD_BODY,
        timeout=FIRST_BYTE_UPLOAD,
    ),
    _row("POST", "/api/tasks/{id:uuid}/complete", "customer-identity", "session", "api"),
    _row("POST", "/api/tasks/{id:uuid}/dismiss", "customer-identity", "session", "api"),
    _row("POST", "/api/capture-self-id", "customer-identity", "public", "public-limited"),
    _row("GET", "/api/customers/search", "customer-identity", "session", "api"),
    _row("GET", "/api/customers/{id:uuid}/360", "customer-identity", "session", "api"),
    _row("POST", "/api/customers/merge", "customer-identity", "role:manager", "api"),
    _row(
        "GET",
        "/api/customers/{id:uuid}/merge-candidates",
        "customer-identity",
        "role:manager",
        "api",
    ),
    _row("GET", "/api/opportunities", "customer-identity", "session", "api"),
    _row("POST", "/api/opportunities", "customer-identity", "session", "api"),
    _row("GET", "/api/opportunities/{id:uuid}", "customer-identity", "session", "api"),
    _row("PUT", "/api/opportunities/{id:uuid}", "customer-identity", "session", "api"),
    _row("GET", "/api/cron/customer-scores", "customer-identity", "cron", "none"),
    _row("GET", "/api/tasks", "customer-identity", "session", "api"),
    _row("POST", "/api/tasks", "customer-identity", "session", "api"),
    _row("GET", "/api/customers/{id:uuid}", "customer-identity", "session", "api"),
    _row("PATCH", "/api/customers/{id:uuid}", "customer-identity", "session", "api"),
    _row("POST", "/api/customers/{id:uuid}/unmerge", "customer-identity", "role:manager", "api"),
    _row("POST", "/api/customers/{id:uuid}/export", "customer-identity", "role:manager", "admin"),
    _row("GET", "/api/customers/{id:uuid}/export", "customer-identity", "role:manager", "admin"),
    _row("POST", "/api/customers/{id:uuid}/erase", "customer-identity", "role:admin", "admin"),
    _row("POST", "/api/customers/{id:uuid}/identities", "customer-identity", "session", "api"),
    _row(
        "DELETE",
        "/api/customers/{id:uuid}/identities/{identity_id:uuid}",
        "customer-identity",
        "session",
        "api",
    ),
    _row("POST", "/api/customers/merge/preview", "customer-identity", "role:manager", "api"),
    _row("GET", "/api/customers/{id:uuid}/360/{panel:slug}", "customer-identity", "session", "api"),
    _row("GET", "/api/customers/{id:uuid}/contacts", "customer-identity", "session", "api"),
    _row("POST", "/api/customers/{id:uuid}/contacts", "customer-identity", "session", "api"),
    _row("PATCH", "/api/tasks/{id:uuid}", "customer-identity", "session", "api"),
)

COMMERCE_GATEWAY = (
    _row(
        "GET",
        "/api/tickets/{id:ticket}/draft-order-status",
        "commerce-gateway",
        "ticket:view",
        "api",
    ),
    _row(
        "GET", "/api/tickets/{id:ticket}/shipstation-live", "commerce-gateway", "ticket:view", "api"
    ),
    _row("GET", "/api/orders/search", "commerce-gateway", "session", "api"),
    _row("GET", "/api/products/direct-search", "commerce-gateway", "session", "api"),
    _row("GET", "/api/products/search-variant", "commerce-gateway", "session", "api"),
    _row("POST", "/api/draft-orders", "commerce-gateway", "role:manager", "admin"),
    _row("GET", "/api/draft-orders/{id:uuid}", "commerce-gateway", "session", "api"),
    _row("GET", "/api/draft-orders/search", "commerce-gateway", "session", "api"),
    _row("POST", "/api/draft-orders/send-invoice", "commerce-gateway", "role:manager", "admin"),
    _row(
        "POST", "/api/shipping-rates/calculate", "commerce-gateway", "session", "api", viewer=True
    ),
    _row("GET", "/api/shipstation/order-details", "commerce-gateway", "session", "api"),
    _row("GET", "/api/shipstation/search-customer", "commerce-gateway", "session", "api"),
    _row("GET", "/api/shipstation/customer-orders", "commerce-gateway", "session", "api"),
    _row("POST", "/api/sync-products", "commerce-gateway", "role:admin|cron", "admin"),
    _row("GET", "/api/qbo/auth/connect", "commerce-gateway", "role:admin", "admin"),
    _row("GET", "/api/qbo/auth/callback", "commerce-gateway", "public:state", "auth"),
    _row("POST", "/api/qbo/estimates", "commerce-gateway", "session", "api"),
    _row("GET", "/api/cron/ar-late", "commerce-gateway", "cron", "none"),
    _row("GET", "/api/cron/sync-products", "commerce-gateway", "cron", "none"),
    _row("GET", "/api/cron/sync-amazon", "commerce-gateway", "cron", "none"),
    _row("GET", "/api/cron/sync-qbo", "commerce-gateway", "cron", "none"),
    _row("GET", "/api/orders/{id:uuid}", "commerce-gateway", "session", "api"),
    _row("GET", "/api/estimates/{id:uuid}", "commerce-gateway", "session", "api"),
    _row("GET", "/api/receivables", "commerce-gateway", "role:manager", "api"),
    _row("GET", "/api/connections", "commerce-gateway", "role:manager", "admin"),
)

NOTIFIER = (
    _row("POST", "/api/email/send-invoice", "notifier", "role:manager", "email"),
    _row("POST", "/api/email/send-estimate", "notifier", "session", "email"),
    _row("GET", "/api/suppressions", "notifier", "role:manager", "admin"),
    _row("DELETE", "/api/suppressions/{id:uuid}", "notifier", "role:manager", "admin"),
)

RAG = (
    _row("GET", "/api/admin/rag/diagnostics", "rag", "role:admin", "admin"),
    _row("POST", "/api/admin/rag/reindex", "rag", "role:admin", "admin"),
    _row("POST", "/api/tickets/{id:ticket}/draft-ai-reply", "rag", "ticket:view", "rag"),
    _row("POST", "/api/rag/query", "rag", "session", "rag", viewer=True),
    _row("GET", "/api/rag/similar-tickets", "rag", "ticket:view", "rag"),
    _row("POST", "/api/rag/similar-tickets", "rag", "session", "rag", viewer=True),
    _row("GET", "/api/rag/similar-replies", "rag", "ticket:view", "rag"),
    _row("POST", "/api/rag/similar-replies", "rag", "session", "rag", viewer=True),
)

TABLE: tuple[Row, ...] = (
    *GATEWAY,
    *TICKETING,
    *CUSTOMER_IDENTITY,
    *COMMERCE_GATEWAY,
    *NOTIFIER,
    *RAG,
)
