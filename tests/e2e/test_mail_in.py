"""A customer and the desk by mail: real SMTP in, real SMTP out, the ticket in between."""

from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from uuid import uuid4

import aiosmtplib
from e2e.people import Desk

from deskstream_tools.demo.waiting import eventually
from deskstream_tools.local.stack import Stack


async def hand_over(stack: Stack, sender: str, to: str, text: str, **headers: str) -> str:
    """One mail to the desk's receiver; its Message-ID."""
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = headers.pop("Subject", "A drum leaks")
    mail["Message-ID"] = f"<{uuid4()}@customers.test>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    port = stack.settings.ports["mail-in"]
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
        await client.sendmail(sender, [to], mail.as_bytes(policy=SMTP))
    return str(mail["Message-ID"])


async def ticket_of(desk: Desk, subject: str) -> dict[str, Any]:
    """The ticket with this subject, once it is there."""

    async def probe() -> dict[str, Any] | None:
        page = await desk.admin.json("GET", f"/api/tickets?q={subject}", 200)
        return next(iter(page["items"]), None)

    return await eventually("the ticket", probe)


async def messages_of(desk: Desk, ticket: dict[str, Any], count: int, key: str) -> list[Any]:
    """So many, once they are there."""

    async def probe() -> list[Any] | None:
        shown = await desk.admin.json("GET", f"/api/tickets/{ticket['id']}", 200)
        return shown[key] if len(shown[key]) >= count else None

    return await eventually(f"{count} {key}", probe)


async def test_a_conversation_by_mail_stays_on_its_ticket(desk: Desk, stack: Stack) -> None:
    mark = uuid4().hex[:10]
    customer, subject = f"c-{mark}@customers.test", f"Drum {mark}"
    support = f"support@{stack.settings.mail_domain}"
    await hand_over(stack, customer, support, "It leaks", Subject=subject)
    ticket = await ticket_of(desk, subject.replace(" ", "+"))
    acknowledged = await desk.mailbox.first(customer, subject)
    reply_to = acknowledged["Reply-To"]
    await hand_over(stack, customer, str(reply_to), "Still leaks\n\n> quoted", Subject="no mark")
    two = await messages_of(desk, ticket, 2, "messages")
    assert [m["body_text"] for m in two] == ["It leaks", "Still leaks"]
    stranger = f"s-{mark}@customers.test"
    await hand_over(stack, stranger, str(reply_to), "Me too")
    (held,) = await messages_of(desk, ticket, 1, "held_messages")
    assert held["sender"]["email"] == stranger
    path = f"/api/tickets/{ticket['id']}/messages/{held['id']}/release"
    await desk.admin.call("POST", path, 200)
    three = await messages_of(desk, ticket, 3, "messages")
    assert three[-1]["body_text"] == "Me too"
    await hand_over(stack, customer, str(reply_to), "Away", Auto_Submitted="auto-replied")
    await messages_of(desk, ticket, 4, "messages")


async def test_what_is_not_trusted_waits_until_a_manager_lets_it_out(
    desk: Desk, stack: Stack
) -> None:
    mark = uuid4().hex[:10]
    subject = f"Forged {mark}"
    content = (
        f"From: boss@shop.test\r\nFrom: c-{mark}@customers.test\r\nSubject: {subject}\r\n"
        f"Message-ID: <{mark}@customers.test>\r\n\r\nPay this\r\n"
    ).encode()
    support = f"support@{stack.settings.mail_domain}"
    port = stack.settings.ports["mail-in"]
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
        await client.sendmail("c@customers.test", [support], content)
    page = await desk.admin.json("GET", "/api/ops/inbound?limit=100", 200)
    (waiting,) = (one for one in page["items"] if one["subject"] == subject)
    assert waiting["cause"] == "several_senders"
    path = f"/api/ops/inbound/{waiting['id']}/release"
    agent = (await desk.member("agent")).session
    await agent.call("POST", path, 403, json={"reason": "no"})
    await desk.admin.call("POST", path, 204, json={"reason": "known"})
    ticket = await ticket_of(desk, subject.replace(" ", "+"))
    assert ticket["subject"] == subject
