"""The main job: from a registered agent to a mail that arrived, all through the gateway."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from deskstream_tools.demo.http import Session
from deskstream_tools.demo.mail import Mailbox, text_of
from deskstream_tools.demo.target import Progress, Target
from deskstream_tools.demo.waiting import eventually

FILE_NAME = "acetone-sds.txt"
FILE = b"Safety data sheet (demo): acetone, CAS 67-64-1. Keep away from flames.\n" * 40


@dataclass
class Cast:
    """Who plays: the admin, the agent, and a key of an integration."""

    admin: Session
    agent: Session
    key: Session
    agent_id: str
    agent_email: str
    agent_name: str = "Maria Demo"


async def play(target: Target, client: httpx.AsyncClient, progress: Progress) -> Cast:
    """Steps 1 to 3 of the main job. Raises CheckFailed at the first thing that does not hold."""
    mailbox = Mailbox(target, client)
    cast = await _join(target, client, mailbox, progress)
    tickets = await _tickets(cast, mailbox, progress)
    await _work(cast, mailbox, progress, tickets)
    return cast


async def _join(
    target: Target, client: httpx.AsyncClient, mailbox: Mailbox, progress: Progress
) -> Cast:
    admin = Session(target, client)
    await admin.sign_in(target.admin_email, target.admin_password)
    progress.hop("the first admin signed in")
    mark = uuid4().hex[:8]
    address, password = f"maria-{mark}@demo.test", f"correct horse {mark} battery"
    visitor = Session(target, client)
    await visitor.call(
        "POST",
        "/api/auth/register",
        202,
        json={"email": address, "name": Cast.agent_name, "password": password},
    )
    progress.hop("an agent registered")
    verification = await mailbox.first(address, "confirm")
    progress.hop("the verification mail arrived")
    await _follow_link(target, client, text_of(verification), progress)
    await mailbox.first(target.admin_email, "waits")
    progress.check("the admin was mailed that someone waits", holds=True)
    waiting = await _waiting_user(admin, address)
    teams = (await admin.json("GET", "/api/teams", 200))["items"]
    support = next(team["id"] for team in teams if team["title"] == "Support")
    await admin.call(
        "POST",
        f"/api/admin/users/{waiting}/status",
        200,
        json={"status": "active", "role": "agent", "teams": [support]},
    )
    await mailbox.first(address, "ready")
    progress.check("the agent was mailed that he is approved", holds=True)
    agent = Session(target, client)
    me = await agent.sign_in(address, password)
    progress.check("the agent signed in with his role", me["user"]["role"] == "agent", me["user"])
    made = await admin.json(
        "POST",
        "/api/keys",
        201,
        json={
            "name": f"demo {mark}",
            "scopes": ["tickets:create", "tickets:view"],
            "rate_per_minute": 60_000,
        },
    )
    key = Session(target, client, key=made["secret"])
    return Cast(admin, agent, key, agent_id=waiting, agent_email=address)


async def _follow_link(
    target: Target, client: httpx.AsyncClient, text: str, progress: Progress
) -> None:
    found = re.search(r"https?://\S+/verify-email\?token=[\w.~-]+", text)
    progress.check("the mail carries a link", found)
    assert found
    path = found.group(0).removeprefix(target.public_url)
    visitor = Session(target, client)
    page = await visitor.call("GET", path, 200)
    progress.check("the link opens a page", holds=True)
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
    progress.check("with a form that carries the token", token and action)
    assert token
    assert action
    await visitor.call(
        "POST",
        action.group(1),
        200,
        data={"token": token.group(1)},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    progress.check("its button verifies the address", holds=True)


async def _waiting_user(admin: Session, address: str) -> str:
    async def probe() -> str | None:
        page = await admin.json("GET", "/api/admin/users?status=waiting", 200)
        return next((str(u["id"]) for u in page["items"] if u["email"] == address), None)

    return await eventually("the new user in the admin's list", probe)


async def _tickets(cast: Cast, mailbox: Mailbox, progress: Progress) -> list[dict[str, Any]]:
    opened = []
    for who, session in (("a key", cast.key), ("the agent", cast.agent)):
        mark = uuid4().hex[:8]
        body = {
            "subject": f"Is acetone in stock? {mark}",
            "body_text": "Do you have 200 litres of acetone, and when could it be here?",
            "requester": {"name": "Ole Kunde", "email": f"ole-{mark}@demo.test"},
            "cc": [f"lager-{mark}@demo.test"],
        }
        ticket = await session.json("POST", "/api/tickets", 201, json=body)
        mail = await mailbox.first(f"ole-{mark}@demo.test", f"#{ticket['number']}")
        progress.check(
            f"ticket #{ticket['number']}, opened by {who}, was acknowledged with a plus-token",
            re.search(r"\+[\w.~-]+@", str(mail["Reply-To"])),
            mail["Reply-To"],
        )
        opened.append({**ticket, "to": f"ole-{mark}@demo.test"})
    silent = await cast.key.json(
        "POST", "/api/tickets", 201, json={"subject": "By phone", "body_text": "No address."}
    )
    progress.hop(f"ticket #{silent['number']} has no address: nobody to acknowledge")
    return opened


async def _work(
    cast: Cast, mailbox: Mailbox, progress: Progress, tickets: list[dict[str, Any]]
) -> None:
    ticket, other = tickets
    listed = await cast.agent.json("GET", "/api/tickets?limit=50", 200)
    numbers = {item["number"] for item in listed["items"]}
    progress.check("the agent's list shows both tickets", {t["number"] for t in tickets} <= numbers)
    path = f"/api/tickets/{ticket['id']}"
    shown = await cast.admin.call("GET", path, 200)
    await cast.admin.call(
        "PUT",
        path,
        200,
        json={"assignee": cast.agent_id},
        headers={"If-Match": shown.headers["etag"]},
    )
    await mailbox.first(cast.agent_email, f"#{ticket['number']}")
    progress.check("the assignee was mailed", holds=True)
    other_shown = await cast.agent.call("GET", f"/api/tickets/{other['number']}", 200)
    await cast.agent.call(
        "PUT",
        f"/api/tickets/{other['id']}",
        200,
        json={"assignee": cast.agent_email},
        headers={"If-Match": other_shown.headers["etag"]},
    )
    progress.hop("the agent took the other one himself")
    uploaded = await cast.agent.json(
        "POST", f"{path}/attachments", 201, files={"file": (FILE_NAME, FILE, "text/plain")}
    )
    await _reply_and_undo(cast, mailbox, progress, ticket, uploaded["id"])


async def _reply_and_undo(
    cast: Cast, mailbox: Mailbox, progress: Progress, ticket: dict[str, Any], file_id: str
) -> None:
    path = f"/api/tickets/{ticket['id']}"
    regret = await cast.agent.json("POST", f"{path}/reply", 202, json={"body_text": "Too early."})
    await cast.agent.call("POST", f"{path}/replies/{regret['reply_id']}/cancel", 200)
    progress.hop("a first reply was cancelled in time")
    reply = await cast.agent.json(
        "POST",
        f"{path}/reply",
        202,
        json={
            "body_text": "Yes, 200 litres are here. The safety data sheet is attached.",
            "attachments": [file_id],
            "then": "wait",
        },
    )
    progress.check(
        "the reply is queued, with an end of the undo window",
        reply["state"] == "queued" and reply["undo_until"],
        reply,
    )

    async def sent() -> dict[str, Any] | None:
        seen = await cast.agent.json("GET", f"{path}/replies/{reply['reply_id']}", 200)
        return seen if seen["state"] == "sent" else None

    state = await eventually("the reply is shown as sent", sent)
    progress.check("the provider accepted it, and only now it is shown as sent", state["mail_id"])
    mail = await mailbox.first(ticket["to"], "Re:")
    _check_mail(progress, mail, state, cast)
    arrived = [m for m in await mailbox.listed(to=ticket["to"]) if "Re:" in m["subject"]]
    progress.check("exactly one reply was mailed, the cancelled one never", len(arrived) == 1)
    now = await cast.agent.json("GET", path, 200)
    progress.check(
        "the ticket waits for the customer", now["status"] == "waiting_customer", now["status"]
    )
    download = await cast.agent.call("GET", f"/api/attachments/{file_id}/download", 200)
    progress.check("the file downloads, byte for byte", download.content == FILE)
    progress.check(
        "as an attachment, unsniffed",
        download.headers["content-disposition"].startswith("attachment")
        and download.headers["x-content-type-options"] == "nosniff",
    )


def _check_mail(progress: Progress, mail: Any, state: dict[str, Any], cast: Cast) -> None:
    files = [(p.get_filename(), p.get_content()) for p in mail.iter_attachments()]
    expected = FILE.decode()
    progress.check(
        "the mail carries the file",
        len(files) == 1
        and files[0][0] == FILE_NAME
        and files[0][1].replace("\r\n", "\n") == expected,
        [name for name, _ in files],
    )
    progress.check(
        "it is from the agent by name", cast.agent_name in str(mail["From"]), mail["From"]
    )
    progress.check("its Message-ID is ours", mail["Message-ID"].strip("<>") == state["mail_id"])
    progress.check("it has References", mail["References"])
