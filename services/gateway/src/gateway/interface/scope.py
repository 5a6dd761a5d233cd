"""Keys of the ASGI scope by which the gate hands over what it found to the gateway's own routes.

The gate sets all of them before it calls the inner application, which trusts nothing else.
Correlation id and trace travel in the chassis' `context_of(scope)`, the same object on both sides.
"""

PRINCIPAL = "deskstream.principal"
"""SessionFacts, KeyFacts or None (anonymous). Where a public route came with a living session's
cookie, its SessionFacts: signing in replaces that session."""

COOKIES = "deskstream.cookies"
"""The gateway's cookies of sign-ins that are under way, by name (`dict[str, str]`)."""

ADDRESS = "deskstream.address"
"""The client's address behind trusted proxies, as text."""

DEVICE = "deskstream.device"
"""What the cookie of a device of ours carries, where the gate counted the device and not the
address; None otherwise. Whether it is known for the account is yet to be told."""
