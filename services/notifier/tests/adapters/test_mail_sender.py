"""One suite for the fake and for SMTP: the same troubles mean the same outcome."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from notifier.application.mail import Mail
from notifier.domain.delivery import Accepted, Delivery, Postponed, Refusal, Refused, Unclear
from notifier.infra.mail.smtp import SmtpSender
from notifier.testing import FakeMailServer, RealMailServer

ANN, BOB = "ann@example.org", "bob@example.org"


def mail(*recipients: str, utf8: bool = False) -> Mail:
    content = b"Subject: x\r\nMessage-ID: <1@shop.test>\r\n\r\n.dot first\r\n"
    return Mail("1@shop.test", "support@shop.test", recipients or (ANN,), content, utf8)


@dataclass
class Office:
    """The sender under test and the server behind it."""

    sender: Any
    server: Any

    async def send(self, one: Mail, tries: int = 1) -> Delivery:
        result: Delivery = await self.sender.send(one, tries=tries)
        return result

    def mailed(self) -> list[tuple[str, ...]]:
        if isinstance(self.server, FakeMailServer):
            refused = self.server.refuse
            return [
                tuple(one for one in kept.recipients if one not in refused)
                for kept in self.server.accepted
            ]
        return [one.recipients for one in self.server.received]

    async def go_down(self) -> None:
        if isinstance(self.server, FakeMailServer):
            self.server.down = True
        else:
            await self.server.stop()

    async def come_back(self) -> None:
        if isinstance(self.server, FakeMailServer):
            self.server.down = False
        else:
            await self.server.start()


@pytest.fixture(params=["fake", "smtp"])
async def office(request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    if request.param == "fake":
        fake = FakeMailServer()
        yield Office(fake, fake)
        return
    server = RealMailServer()
    await server.start()
    sender = SmtpSender(server.settings(), connections=2)
    yield Office(sender, server)
    await sender.close()
    await server.stop()


async def test_an_accepted_mail_reaches_all_its_recipients(office: Office) -> None:
    assert await office.send(mail(ANN, BOB)) == Accepted()
    assert office.mailed() == [(ANN, BOB)]


async def test_a_recipient_refused_for_good_is_named_and_the_other_gets_it(office: Office) -> None:
    office.server.refuse[BOB] = 550
    assert await office.send(mail(ANN, BOB)) == Accepted((Refusal(1, "smtp_550"),))
    assert office.mailed() == [(ANN,)]


async def test_it_fails_when_its_only_recipient_is_refused_for_good(office: Office) -> None:
    office.server.refuse[ANN] = 550
    assert await office.send(mail()) == Refused("smtp_550")
    assert office.mailed() == []


async def test_a_temporary_refusal_postpones(office: Office) -> None:
    office.server.refuse[ANN] = 451
    assert await office.send(mail()) == Postponed("smtp_451")
    office.server.refuse.clear()
    assert await office.send(mail(), tries=2) == Accepted()


async def test_a_refused_sender_fails_or_waits_by_the_answer(office: Office) -> None:
    office.server.sender_status = 550
    assert await office.send(mail()) == Refused("smtp_550")
    office.server.sender_status = 451
    assert await office.send(mail()) == Postponed("smtp_451")
    office.server.sender_status = 530
    assert await office.send(mail()) == Postponed("smtp_530")


async def test_refused_content_is_a_clear_answer(office: Office) -> None:
    office.server.content_status = 554
    assert await office.send(mail()) == Refused("smtp_554")
    office.server.content_status = 452
    assert await office.send(mail()) == Postponed("smtp_452")
    assert office.mailed() == []


async def test_silence_after_the_content_is_unclear_and_never_a_refusal(office: Office) -> None:
    office.server.silent_after_data = True
    assert await office.send(mail()) == Unclear()


async def test_a_server_that_is_down_postpones_and_the_mail_goes_once_it_is_back(
    office: Office,
) -> None:
    assert await office.send(mail()) == Accepted()
    await office.go_down()
    outcome = await office.send(mail())
    assert isinstance(outcome, Postponed)
    await office.come_back()
    assert await office.send(mail(BOB), tries=2) == Accepted()
    assert office.mailed() == [(ANN,), (BOB,)]


async def test_an_address_beyond_ascii_needs_a_server_that_speaks_utf8(office: Office) -> None:
    office.server.knows_utf8 = False
    assert await office.send(mail("jörg@example.org", utf8=True)) == Refused("smtputf8_unsupported")


async def test_a_server_that_speaks_utf8_takes_an_address_beyond_ascii(office: Office) -> None:
    assert await office.send(mail("jörg@example.org", utf8=True)) == Accepted()
    assert office.mailed() == [("jörg@example.org",)]


async def test_connections_are_kept_and_never_more_than_allowed(office: Office) -> None:
    if isinstance(office.server, FakeMailServer):
        return
    await asyncio.gather(*(office.send(mail()) for _ in range(40)))
    assert len(office.mailed()) == 40
    assert office.server.connections <= 2


async def test_the_connection_is_usable_after_a_refusal(office: Office) -> None:
    office.server.refuse[BOB] = 550
    assert isinstance(await office.send(mail(BOB)), Refused)
    assert await office.send(mail(ANN)) == Accepted()
    if not isinstance(office.server, FakeMailServer):
        assert office.server.connections == 1
