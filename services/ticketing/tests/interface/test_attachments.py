"""Files over HTTP: up, down, in part, and who may."""

import hashlib
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.files import Bucket
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.application.settle_reply import SettleReply
from ticketing.domain.replies import Delivered
from ticketing.testing import CREDIT, Api, Staff, actor_of, caller_of, key_actor, zipped

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
HUGE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00\x01\x00\x00" * 2 + bytes(20)
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 2000


async def test_a_file_goes_up_and_comes_down_unchanged(api: Api, bucket: Bucket, staff: Staff):
    ticket = await api.open(SHOP)
    up = await api.upload(staff.agent, ticket, PDF, "../Süße Rechnung.pdf")
    assert up.status_code == 201, up.text
    body = up.json()
    assert (body["file_name"], body["size"]) == ("Süße Rechnung.pdf", len(PDF))
    assert body["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert len(await bucket.keys()) == 1
    down = await api(staff.agent, "GET", f"/api/attachments/{body['id']}/download")
    assert down.content == PDF
    assert down.headers["content-type"] == "application/pdf"
    assert down.headers["content-disposition"].startswith("attachment;")
    assert down.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in down.headers["content-security-policy"]
    shown = await api.show(staff.agent, ticket)
    assert [a["id"] for a in shown["attachments"]] == [body["id"]]


async def test_a_part_of_a_file_comes_by_range(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    file = (await api.upload(staff.agent, ticket, PDF, "a.pdf")).json()
    path = f"/api/attachments/{file['id']}/download"
    part = await api(staff.agent, "GET", path, headers={"Range": "bytes=5-14"})
    assert (part.status_code, part.content) == (206, PDF[5:15])
    assert part.headers["content-range"] == f"bytes 5-14/{len(PDF)}"
    beyond = await api(staff.agent, "GET", path, headers={"Range": f"bytes={len(PDF)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(PDF)}")


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("a.exe", b"MZ", 415, "file_type_refused"),
        ("a.pdf", b"MZ\x90\x00", 415, "file_content_mismatch"),
        ("a.txt", b"", 422, "file_empty"),
        ("a.txt", b"x" * (25 * 1024 * 1024 + 1), 413, "file_too_large"),
        ("a.zip", zipped({"zeros": bytes(20_000_000)}), 422, "archive_too_large"),
        ("a.zip", zipped({"../a": b"x"}), 422, "archive_unreadable"),
        ("a.docx", zipped({"a.txt": b"x"}), 415, "file_content_mismatch"),
        ("a.xls", OLE + "_VBA_PROJECT".encode("utf-16-le"), 422, "active_content"),
        ("a.png", HUGE, 422, "picture_too_large"),
    ],
)
async def test_a_bad_file_is_refused_and_nothing_is_kept(
    api: Api, bucket: Bucket, staff: Staff, name, content, status, code
):
    ticket = await api.open(SHOP)
    answer = await api.upload(staff.agent, ticket, content, name)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await bucket.keys() == []
    assert (await api.show(staff.agent, ticket))["version"] == 1


async def test_an_office_file_goes_up_and_comes_down_unchanged(api: Api, staff: Staff):
    content = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
    file = (await api.upload(staff.agent, await api.open(SHOP), content, "a.xlsx")).json()
    down = await api(staff.agent, "GET", f"/api/attachments/{file['id']}/download")
    assert down.content == content


async def test_25_megabytes_are_taken(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    answer = await api.upload(staff.agent, ticket, b"x" * (25 * 1024 * 1024), "a.txt")
    assert answer.status_code == 201


FORM = "multipart/form-data; boundary=b"


def part(name: str = "file", file_name: str | None = "a.txt", content: str = "x\r\n") -> bytes:
    """One part of a form whose boundary is b."""
    given = "" if file_name is None else f'; filename="{file_name}"'
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{given}\r\n\r\n'
    return (head + content).encode()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        (FORM, b"nothing like it"),
        (FORM, part()[:40]),
        (FORM, part("other") + b"--b--"),
        (FORM, part(file_name=None) + b"--b--"),
        (FORM, part(content="broken of")),
        (FORM, part() + part(file_name="b.txt") + b"--b--"),
    ],
)
async def test_anything_but_one_file_is_malformed(
    api: Api, bucket: Bucket, staff: Staff, kind, content
):
    ticket = await api.open(SHOP)
    answer = await api(
        staff.agent,
        "POST",
        f"/api/tickets/{ticket['id']}/attachments",
        content=content,
        headers={"Content-Type": kind},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "upload_malformed")
    assert await bucket.keys() == []


async def test_access_is_decided_before_the_first_byte_is_read(api: Api, staff: Staff):
    ticket = await api.open(SHOP, team_id=str(CREDIT.id))
    read = []

    async def content():
        read.append(1)
        yield b"x"

    for who, path in ((staff.agent, ticket["id"]), (staff.agent, uuid4())):
        answer = await api(
            who,
            "POST",
            f"/api/tickets/{path}/attachments",
            content=content(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert answer.status_code == 404
    assert read == []


async def test_the_same_key_takes_a_file_once_and_another_file_is_refused(
    api: Api, app: TicketingApp, bucket: Bucket, staff: Staff
):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}/attachments"
    answers = [
        await api(
            staff.agent,
            "POST",
            path,
            files={"file": ("a.txt", content)},
            headers={"Idempotency-Key": "u"},
        )
        for content in (b"one", b"one", b"two")
    ]
    assert [a.status_code for a in answers] == [201, 201, 422]
    assert answers[0].json() == answers[1].json()
    assert answers[2].json()["code"] == "idempotency_key_reused"
    assert len((await api.show(staff.agent, ticket))["attachments"]) == 1


async def test_a_viewer_gets_a_file_only_after_a_reply_has_sent_it(
    api: Api, app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    file = (await api.upload(staff.agent, ticket)).json()
    path = f"/api/attachments/{file['id']}/download"
    assert (await api(staff.viewer, "GET", path)).status_code == 404
    assert (await api.show(staff.viewer, ticket))["attachments"] == []
    reply = (await api.reply(staff.agent, ticket, attachments=[file["id"]])).json()
    clock.advance(seconds=10)
    assert await app.release_replies()
    assert (await api(staff.viewer, "GET", path)).status_code == 404
    async with database.work() as work:
        delivered = Delivered("m@d", 1)
        command = SettleReply(UUID(ticket["id"]), UUID(reply["reply_id"]), delivered, clock.now())
        await app.settle_reply(work, command, caller_of(actor_of(staff.agent)).origin)
    assert (await api(staff.viewer, "GET", path)).content == b"hello"


async def test_a_file_of_a_hidden_ticket_is_hidden(api: Api, staff: Staff):
    ticket = await api.open(SHOP, team_id=str(CREDIT.id))
    file = (await api.upload(staff.lender, ticket)).json()
    for who in (staff.agent, key_actor("k", "tickets:view")):
        for some in (file["id"], uuid4(), "nonsense"):
            answer = await api(who, "GET", f"/api/attachments/{some}/download")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_files_go_out_with_a_reply_within_the_limit(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    big = [
        (await api.upload(staff.agent, ticket, b"x" * (13 * 1024 * 1024), f"{n}.txt")).json()
        for n in range(2)
    ]
    refused = await api.reply(staff.agent, ticket, attachments=[f["id"] for f in big])
    assert (refused.status_code, refused.json()["code"]) == (422, "attachments_too_large")
    assert [s["size"] for s in refused.json()["sizes"]] == [13 * 1024 * 1024] * 2
    good = await api.reply(staff.agent, ticket, attachments=[big[0]["id"]])
    assert good.status_code == 202
    shown = await api.show(staff.agent, ticket)
    assert shown["messages"][-1]["attachments"] == [big[0]["id"]]
