"""Keys of the ASGI scope by which the gate hands over what it found to the gateway's own routes.

The gate sets all of them before it calls the inner application; the inner application trusts
nothing else.
"""

PRINCIPAL = "deskstream.principal"
"""SessionFacts, KeyFacts or None (anonymous)."""

ADDRESS = "deskstream.address"
"""The client's address behind trusted proxies, as text."""

CORRELATION = "deskstream.correlation_id"
"""The correlation id of the request, as text."""
