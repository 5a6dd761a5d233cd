"""One running stack for all e2e tests, and its people."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from e2e.people import Desk, own_address

from deskstream_tools.cli.demonstrating import target_of
from deskstream_tools.demo.http import Session
from deskstream_tools.demo.mail import Mailbox
from deskstream_tools.demo.target import Target
from deskstream_tools.issuer import LocalIssuer
from deskstream_tools.local.stack import Stack


@pytest.fixture(scope="session")
def target(stack: Stack) -> Target:
    return target_of(stack)


@pytest.fixture(scope="session")
async def issuer(stack: Stack) -> AsyncIterator[LocalIssuer]:
    """The OpenID provider that the stack's gateway is told of."""
    address = urlsplit(stack.settings.environment["gateway"]["OIDC_ISSUER"])
    assert address.port is not None
    async with LocalIssuer(address.port).serving() as serving:
        yield serving


@pytest.fixture(scope="session")
async def desk(target: Target, issuer: LocalIssuer) -> AsyncIterator[Desk]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        admin = Session(target, client, address=own_address())
        await admin.sign_in(target.admin_email, target.admin_password)
        yield Desk(target, client, Mailbox(target, client), admin)
