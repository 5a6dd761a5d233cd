"""One running stack for all e2e tests, its people, and the record of the threats tried."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from e2e.people import Desk, own_address
from e2e.threats import Tried, write

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


OUT = Path(__file__).parents[2] / ".out"
_tried: list[Tried] = []


@pytest.fixture
def saw(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says what an attempt met; goes into the record of its threat."""

    def keep(text: str) -> None:
        request.node.user_properties.append(("saw", text))

    return keep


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep how each test of a threat ended."""
    properties = dict(report.user_properties)
    if "threat" not in properties or (report.when != "call" and not report.failed):
        return
    sentence = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    told = [str(text) for name, text in report.user_properties if name == "saw"]
    detail = ", ".join([sentence, *told]) + ("" if report.passed else ": FAILED")
    names = str(properties["threat"]).split()
    _tried.extend(Tried(name, report.passed, detail) for name in names)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the report of a test know its threats."""
    for item in items:
        names = [name for mark in item.iter_markers("threat") for name in mark.args]
        if names:
            item.user_properties.append(("threat", " ".join(names)))


def pytest_sessionfinish() -> None:
    """Write the rows of this run."""
    if _tried:
        write(OUT / "threats.json", _tried)
