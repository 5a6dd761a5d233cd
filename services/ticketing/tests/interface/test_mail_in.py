"""Mail comes in: where it lands, what it wakes, what waits, and what an agent sees of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.files import Bucket
from deskstream_chassis.plus_token import PlusTokens
from deskstream_events import topics
from deskstream_events.notifier import message
from deskstream_events.notifier.inbound import InboundFile, InboundReceivedV1
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.bootstrap import consumers_of
from ticketing.testing import CREDIT, Api, Staff, fact_of, key_actor, zipped

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")
SUPPORT = "support@shop.test"
CORA, EVE = "cora@customer.test", "eve@else.test"
TOKENS = PlusTokens(b"p" * 32)


@dataclass
class Post:
    """The notifier, as ticketing's consumers hear it."""

    app: TicketingApp
    database: Database
    clock: FixedClock
    api: Api
    staff: Staff

    async def tell(self, event: Any, consumer: str, topic: topics.Topic) -> None:
        handlers = next(c for c in consumers_of(self.app) if c.name == consumer).handlers
        async with self.database.work() as work:
            await handlers[event.TYPE](work, fact_of(event, topic))

    async def mail(self, **over: Any) -> UUID:
        """A mail from Cora; its id."""
        inbound = uuid4()
        values = {
            "inbound_id": inbound,
            "at": self.clock.now(),
            "mailbox": SUPPORT,
            "way": "smtp",
            "from_email": CORA,
            "from_name": "Cora Customer",
            "to_emails": (SUPPORT,),
            "recipient_emails": (SUPPORT,),
            "subject": "A drum leaks",
            "body_html": "<p>It still leaks</p>",
            "body_text": "It still leaks",
            "raw_key": "notifier/main/x",
            "raw_sha256": "0" * 64,
            "raw_size": 10,
        }
        await self.tell(InboundReceivedV1(**(values | over)), "ticketing.mail", topics.INBOUND)
        return inbound

    async def tickets(self) -> list[dict[str, Any]]:
        """Newest first."""
        answer = await self.api(self.staff.manager, "GET", "/api/tickets?sort=-number")
        return list(answer.json()["items"])

    async def show(self, ticket: dict[str, Any]) -> dict[str, Any]:
        return await self.api.show(self.staff.agent, ticket)

    def token(self, ticket: dict[str, Any]) -> str:
        return TOKENS.address(SUPPORT, UUID(ticket["id"]))


@pytest.fixture
def post(app: TicketingApp, database: Database, clock: FixedClock, api: Api, staff: Staff) -> Post:
    return Post(app, database, clock, api, staff)


def file(name: str, head: bytes = b"%PDF-1.7", **over: Any) -> InboundFile:
    values = {"key": f"notifier/main/{uuid4()}", "sha256": "0" * 64, "size": 9}
    return InboundFile(
        **(values | {"media_type": "x/y", "file_name": name, "head": head.hex()} | over)
    )


async def test_a_mail_that_belongs_nowhere_opens_a_ticket(post: Post):
    inbound = await post.mail(cc_emails=("lee@customer.test", "support+x@shop.test", CORA))
    (ticket,) = await post.tickets()
    shown = await post.show(ticket)
    assert (shown["channel"], shown["status"], shown["subject"]) == ("mail", "new", "A drum leaks")
    assert shown["requester"] == {"name": "Cora Customer", "email": CORA}
    assert shown["cc"] == ["lee@customer.test"]
    assert [m["id"] for m in shown["messages"]] == [str(inbound)]
    assert shown["messages"][0]["body_text"] == "It still leaks"


async def test_a_mailbox_belongs_to_its_team(post: Post):
    await post.mail(mailbox="credit@shop.test", to_emails=("credit@shop.test",))
    (ticket,) = await post.tickets()
    assert ticket["team_id"] == str(CREDIT.id)


async def test_an_answer_by_its_plus_address_lands_and_wakes_the_ticket(post: Post):
    ticket = await post.api.open(SHOP)
    await post.api.change(post.staff.agent, ticket, status="waiting_customer")
    await post.mail(recipient_emails=(post.token(ticket),), from_email=CORA.upper())
    shown = await post.show(ticket)
    assert [m["kind"] for m in shown["messages"]] == ["customer", "customer"]
    assert shown["status"] == "open"
    assert len(await post.tickets()) == 1


async def reply(post: Post, ticket: dict[str, Any], mail_id: str) -> dict[str, Any]:
    """An agent's reply, of which the notifier told that it is to be mailed."""
    queued = (await post.api.reply(post.staff.agent, ticket)).json()
    event = message.MessageQueuedV1(
        message_id=uuid4(),
        at=post.clock.now(),
        kind="reply",
        ticket_id=ticket["id"],
        reply_id=queued["reply_id"],
        to=(CORA,),
        mail_id=mail_id,
    )
    await post.tell(event, "ticketing.delivery", topics.MESSAGES)
    return dict(queued)


@pytest.mark.parametrize(
    "marks",
    [
        {"in_reply_to": ("m1@shop.test",)},
        {"references": ("else@x", "m1@shop.test", "later@x")},
        {"subject": "AW: [#1] Fass"},
    ],
)
async def test_an_answer_by_our_message_id_or_number_lands(post: Post, marks: dict[str, Any]):
    ticket = await post.api.open(SHOP)
    await reply(post, ticket, "m1@shop.test")
    await post.mail(**{"subject": "Re", **marks})
    assert [m["kind"] for m in (await post.show(ticket))["messages"]] == [
        "customer",
        "reply",
        "customer",
    ]


async def test_the_ancestor_of_all_its_mails_names_a_ticket(post: Post):
    ticket = await post.api.open(SHOP)
    await post.mail(references=(f"ticket-{ticket['id']}@shop.test",))
    assert len((await post.show(ticket))["messages"]) == 2


async def test_a_number_in_a_strangers_subject_opens_a_ticket_of_his_own(post: Post):
    ticket = await post.api.open(SHOP)
    await post.mail(from_email=EVE, subject=f"#{ticket['number']}")
    assert len(await post.tickets()) == 2
    assert len((await post.show(ticket))["messages"]) == 1


async def test_what_a_stranger_writes_waits_on_the_ticket_until_released(post: Post):
    ticket = await post.api.open(SHOP)
    await post.api.change(post.staff.agent, ticket, status="waiting_customer")
    held = await post.mail(from_email=EVE, recipient_emails=(post.token(ticket),))
    before = await post.show(ticket)
    assert (before["status"], len(before["messages"])) == ("waiting_customer", 1)
    (waiting,) = before["held_messages"]
    assert (waiting["id"], waiting["cause"]) == (str(held), "unknown_sender")
    assert waiting["sender"]["email"] == EVE
    path = f"/api/tickets/{ticket['id']}/messages/{held}/release"
    assert (await post.api(post.staff.viewer, "POST", path)).status_code == 403
    assert (await post.api(post.staff.lender, "POST", path)).status_code == 404
    released = await post.api(post.staff.agent, "POST", path)
    assert released.status_code == 200, released.text
    after = await post.show(ticket)
    assert (after["status"], after["held_messages"]) == ("open", [])
    assert [m["id"] for m in after["messages"]][-1] == str(held)
    again = await post.api(post.staff.agent, "POST", path)
    assert (again.status_code, again.json()["code"]) == (404, "held_message_not_found")
    await post.mail(from_email=EVE, recipient_emails=(post.token(ticket),))
    assert len((await post.show(ticket))["held_messages"]) == 1, "he takes no part by that"


async def test_a_viewer_does_not_see_what_is_held(post: Post):
    ticket = await post.api.open(SHOP)
    await post.mail(from_email=EVE, recipient_emails=(post.token(ticket),))
    shown = await post.api.show(post.staff.viewer, ticket)
    assert shown["held_messages"] == []


async def test_a_released_message_id_that_is_none_is_absent(post: Post):
    ticket = await post.api.open(SHOP)
    for wrong in ("nonsense", str(uuid4())):
        path = f"/api/tickets/{ticket['id']}/messages/{wrong}/release"
        assert (await post.api(post.staff.agent, "POST", path)).status_code == 404


async def test_a_stale_reply_is_refused_with_what_came_since(post: Post):
    ticket = await post.api.open(SHOP)
    seen = (await post.show(ticket))["messages"][0]["id"]
    newer = await post.mail(recipient_emails=(post.token(ticket),))
    stale = await post.api.reply(post.staff.agent, ticket, last_seen=seen)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_reply")
    assert [m["id"] for m in stale.json()["newer"]] == [str(newer)]
    fresh = await post.api.reply(post.staff.agent, ticket, last_seen=str(newer))
    assert fresh.status_code == 202


async def test_an_automatic_mail_is_kept_but_wakes_nothing(post: Post):
    ticket = await post.api.open(SHOP)
    await post.api.change(post.staff.agent, ticket, status="waiting_customer")
    seen = (await post.show(ticket))["messages"][0]["id"]
    await post.mail(recipient_emails=(post.token(ticket),), automatic="auto_submitted")
    shown = await post.show(ticket)
    assert (shown["status"], len(shown["messages"])) == ("waiting_customer", 2)
    assert (await post.api.reply(post.staff.agent, ticket, last_seen=seen)).status_code == 202


async def test_a_report_about_a_mail_of_ours_is_no_message(post: Post):
    await post.mail(automatic="bounce", bounce_of=uuid4())
    assert await post.tickets() == []


async def test_a_mail_to_a_closed_ticket_goes_on_in_a_linked_one(post: Post):
    ticket = await post.api.open(SHOP)
    await post.api.change(post.staff.agent, ticket, assignee=str(post.staff.agent.id))
    await post.api.change(post.staff.agent, ticket, status="closed")
    await post.mail(recipient_emails=(post.token(ticket),))
    following, closed = await post.tickets()
    assert closed["status"] == "closed"
    shown = await post.show(following)
    assert [(one["number"], one["kind"]) for one in shown["links"]] == [
        (ticket["number"], "follows")
    ]
    assert [(one["number"], one["kind"]) for one in (await post.show(ticket))["links"]] == [
        (following["number"], "follow_up")
    ]


async def test_a_mail_to_a_merged_ticket_lands_on_the_survivor(post: Post):
    loser, survivor = await post.api.open(SHOP), await post.api.open(SHOP)
    merged = await post.api(
        post.staff.manager,
        "POST",
        f"/api/tickets/{loser['id']}/merge",
        json={"into": survivor["id"]},
    )
    assert merged.status_code == 200, merged.text
    inbound = await post.mail(recipient_emails=(post.token(loser),))
    assert str(inbound) in [m["id"] for m in (await post.show(survivor))["messages"]]


async def test_staff_whom_our_server_vouches_for_write_a_note(post: Post):
    ticket = await post.api.open(SHOP)
    mail = {"from_email": post.staff.agent.email, "recipient_emails": (post.token(ticket),)}
    await post.mail(**mail, authenticated=True)
    shown = await post.show(ticket)
    assert [(m["kind"], m["public"]) for m in shown["messages"]] == [
        ("customer", True),
        ("note", False),
    ]
    assert shown["messages"][1]["author"]["id"] == str(post.staff.agent.id)
    await post.mail(**mail, authenticated=False)
    again = await post.show(ticket)
    assert (len(again["messages"]), len(again["held_messages"])) == (2, 1)


async def test_staff_who_may_not_see_the_ticket_are_strangers(post: Post):
    ticket = await post.api.open(SHOP)
    await post.mail(
        from_email=post.staff.lender.email,
        recipient_emails=(post.token(ticket),),
        authenticated=True,
    )
    assert len((await post.show(ticket))["held_messages"]) == 1


async def kept(tmp_path: Path, name: str, content: bytes, **over: Any) -> InboundFile:
    """A file that lies in the notifier's place."""

    async def chunks():
        yield content

    theirs = Bucket.at(f"file://{tmp_path}/bucket", "notifier")
    stored = await theirs.put_stream(chunks(), limit=1_000_000)
    where = {"key": stored.key, "sha256": stored.sha256, "size": stored.size}
    return file(name, content[:4096], **where, **over)


async def test_files_are_taken_by_the_rules_of_uploads_and_the_rest_is_told_of(
    post: Post, tmp_path: Path
):
    await post.mail(
        files=(
            file("drum.pdf"),
            await kept(tmp_path, "picture.png", b"\x89PNG\r\n\x1a\n", content_id="drum@k"),
            await kept(tmp_path, "bomb.zip", zipped({"zeros": bytes(20_000_000)})),
            await kept(tmp_path, "photos.zip", zipped({"a.png": b"x"})),
            file("../../evil.exe", b"MZ"),
            file("not-a.pdf", b"MZ"),
            file("empty.pdf", size=0),
        )
    )
    (ticket,) = await post.tickets()
    shown = await post.show(ticket)
    assert [(f["file_name"], f["media_type"]) for f in shown["attachments"]] == [
        ("drum.pdf", "application/pdf"),
        ("picture.png", "image/png"),
        ("photos.zip", "application/zip"),
    ]
    assert shown["messages"][0]["attachments"] == [f["id"] for f in shown["attachments"]]
    assert shown["attachments"][1]["content_id"] == "drum@k"
    assert [(f["file_name"], f["code"]) for f in shown["rejected_files"]] == [
        ("bomb.zip", "archive_too_large"),
        ("../../evil.exe", "file_type_refused"),
        ("not-a.pdf", "file_content_mismatch"),
        ("empty.pdf", "file_empty"),
    ]
    seen = await post.api.show(post.staff.viewer, ticket)
    assert len(seen["attachments"]) == 3, "what the customer sent is no secret of the house"


async def test_what_cannot_be_read_is_shown_with_its_original(post: Post):
    original = file("original.eml", b"\x00\x01", media_type="message/rfc822")
    await post.mail(
        unreadable=True, body_html="", body_text="", subject="", from_email=None, files=(original,)
    )
    (ticket,) = await post.tickets()
    shown = await post.show(ticket)
    assert shown["subject"] == "(no subject)"
    assert "could not be read" in shown["messages"][0]["body_text"]
    assert [f["file_name"] for f in shown["attachments"]] == ["original.eml"]


async def test_a_mail_without_words_is_kept(post: Post):
    await post.mail(body_html="", body_text="")
    await post.mail(body_html='<img src="cid:a">', body_text="")
    picture, empty = [(await post.show(t))["messages"][0] for t in await post.tickets()]
    assert empty["body_text"] == picture["body_text"] == "(no text)"
    assert "<img" in picture["body_html"]


async def test_a_file_of_a_mail_is_downloaded_from_the_notifiers_place(post: Post, tmp_path: Path):
    part = await kept(tmp_path, "a.pdf", b"%PDF-1.7 x")
    await post.mail(files=(part,))
    (ticket,) = await post.tickets()
    (shown,) = (await post.show(ticket))["attachments"]
    answer = await post.api(post.staff.agent, "GET", f"/api/attachments/{shown['id']}/download")
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7 x")
