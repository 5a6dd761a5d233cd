"""What only a real mail server shows: connections, silence, sign-in, TLS."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mails.certificates import certificate

from notifier.application.mail import Mail
from notifier.domain.delivery import Accepted, Postponed, Unclear
from notifier.infra.mail import pool
from notifier.infra.mail.smtp import SmtpSender
from notifier.testing import RealMailServer

MAIL = Mail("1@shop.test", "support@shop.test", ("ann@example.org",), b"Subject: x\r\n\r\n.x\r\n")


@pytest.fixture
async def server() -> AsyncIterator[RealMailServer]:
    server = RealMailServer()
    await server.start()
    yield server
    await server.stop()


async def test_no_answer_after_the_content_is_unclear(server: RealMailServer) -> None:
    server.hang_after_data = True
    sender = SmtpSender(server.settings(answer_seconds=0.2))
    assert await sender.send(MAIL, tries=1) == Unclear()
    server.hang_after_data = False
    assert await sender.send(MAIL, tries=1) == Accepted()
    await sender.close()


async def test_a_connection_that_was_cut_while_idle_is_replaced(server: RealMailServer) -> None:
    sender = SmtpSender(server.settings())
    assert await sender.send(MAIL, tries=1) == Accepted()
    server.cut()
    await asyncio.sleep(0)
    outcomes = [await sender.send(MAIL, tries=n) for n in (1, 2)]
    assert Accepted() in outcomes
    assert Unclear() not in outcomes
    await sender.close()


async def test_an_idle_connection_is_asked_before_it_is_used(
    server: RealMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "CHECK_AFTER_IDLE", 0.0)
    sender = SmtpSender(server.settings())
    for _ in range(3):
        assert await sender.send(MAIL, tries=1) == Accepted()
    assert server.connections == 1
    server.cut()
    assert await sender.send(MAIL, tries=1) == Accepted()
    assert server.connections == 2
    await sender.close()


async def test_a_connection_idle_for_long_is_closed(
    server: RealMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "CLOSE_AFTER_IDLE", 0.0)
    sender = SmtpSender(server.settings())
    for _ in range(2):
        assert await sender.send(MAIL, tries=1) == Accepted()
    assert server.connections == 2
    await sender.close()


async def test_a_line_that_begins_with_a_dot_arrives_with_one(server: RealMailServer) -> None:
    sender = SmtpSender(server.settings())
    await sender.send(MAIL, tries=1)
    assert server.received[0].content.endswith(b"\r\n.x\r\n")
    await sender.close()


async def test_the_right_password_signs_in_and_a_wrong_one_delays(server: RealMailServer) -> None:
    server.password = "right"
    wrong = SmtpSender(server.settings(user="desk", password="wrong"))
    assert await wrong.send(MAIL, tries=1) == Postponed("smtp_sign_in")
    right = SmtpSender(server.settings(user="desk", password="right"))
    assert await right.send(MAIL, tries=1) == Accepted()
    await right.close()


async def test_without_signing_in_where_it_is_asked_for_the_mail_waits(
    server: RealMailServer,
) -> None:
    server.password = "right"
    sender = SmtpSender(server.settings())
    assert await sender.send(MAIL, tries=1) == Postponed("smtp_530")
    await sender.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_starttls_is_a_must_and_the_certificate_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path)
    server = RealMailServer(password="right")
    await server.start()
    plain = SmtpSender(server.settings(user="desk", password="right", starttls=True))
    assert await plain.send(MAIL, tries=1) == Postponed("smtp_unreachable")
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(file)
    sender = SmtpSender(server.settings(user="desk", password="right", starttls=True))
    assert await sender.send(MAIL, tries=1) == Postponed("smtp_unreachable")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert await sender.send(MAIL, tries=1) == Accepted()
    await sender.close()
    await server.stop()
    gc.collect()  # aiosmtpd forgets the socket of a failed handshake; it shall not haunt others
