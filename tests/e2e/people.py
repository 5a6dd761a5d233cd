"""Staff who joined through the front door, each with an address of his own."""

import itertools
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from deskstream_tools.demo.http import Session
from deskstream_tools.demo.mail import Mailbox, text_of
from deskstream_tools.demo.target import Target
from deskstream_tools.demo.waiting import eventually

PASSWORD = "a long and quiet sentence"
_hosts = itertools.count(1)


def own_address() -> str:
    """An address that no other client of this run has (documentation range)."""
    n = next(_hosts)
    return f"198.51.{n // 250}.{n % 250 + 1}"


@dataclass
class Member:
    """Someone who is signed in."""

    id: str
    email: str
    name: str
    session: Session


@dataclass
class Desk:
    """The installation with its first admin."""

    target: Target
    client: httpx.AsyncClient
    mailbox: Mailbox
    admin: Session
    members: dict[str, Member] = field(default_factory=dict)

    def visitor(self, key: str | None = None) -> Session:
        """Somebody without a session, or a key."""
        return Session(self.target, self.client, key, address=own_address())

    async def key(self, *scopes: str) -> Session:
        """A client with a fresh key of these scopes."""
        return self.visitor((await self.new_key(*scopes))["secret"])

    async def new_key(self, *scopes: str) -> dict[str, Any]:
        """A fresh key, with its secret."""
        return await self.admin.json(
            "POST",
            "/api/keys",
            201,
            json={"name": uuid4().hex[:8], "scopes": list(scopes), "rate_per_minute": 6000},
        )

    async def member(self, role: str, *, teams: list[str] | None = None, kind: str = "") -> Member:
        """One member of a role, made once per `kind`; `teams` None: Support."""
        name = kind or role
        if name not in self.members:
            self.members[name] = await self.join(role, teams=teams)
        return self.members[name]

    async def browser(self, member: Member) -> dict[str, str]:
        """The headers of one more sign-in, as a page of the desk sends them."""
        body = {"email": member.email, "password": PASSWORD}
        opened = await self.visitor().call("POST", "/api/auth/login", 200, json=body)
        cookies = [text.partition(";")[0] for text in opened.headers.get_list("set-cookie")]
        return {
            "Cookie": "; ".join(cookies),
            "X-CSRF-Token": opened.json()["csrf"],
            "Origin": self.target.public_url,
        }

    async def join(
        self, role: str, *, teams: list[str] | None = None, name: str | None = None
    ) -> Member:
        """Register, verify by the mail's link, be approved, sign in."""
        mark = uuid4().hex[:8]
        email, name = f"{role}-{mark}@staff.test", name or f"{role.title()} {mark}"
        session = self.visitor()
        body = {"email": email, "name": name, "password": PASSWORD}
        await session.call("POST", "/api/auth/register", 202, json=body)
        text = text_of(await self.mailbox.first(email, "confirm"))
        link = re.search(r"verify-email\?token=([\w.~-]+)", text)
        assert link
        await session.call("POST", "/api/auth/verify-email", 200, json={"token": link.group(1)})
        user = await self._waiting(email)
        if teams is None:
            listed = (await self.admin.json("GET", "/api/teams", 200))["items"]
            teams = [team["id"] for team in listed if team["title"] == "Support"]
        approval = {"status": "active", "role": role, "teams": teams}
        await self.admin.call("POST", f"/api/admin/users/{user}/status", 200, json=approval)
        await session.sign_in(email, PASSWORD)
        return Member(user, email, name, session)

    async def _waiting(self, email: str) -> str:
        async def probe() -> str | None:
            page = await self.admin.json("GET", "/api/admin/users?status=waiting&limit=100", 200)
            return next((str(u["id"]) for u in page["items"] if u["email"] == email), None)

        return await eventually("the new account in the admins' list", probe)

    async def ticket(self, session: Session | None = None, **more: Any) -> dict[str, Any]:
        """A ticket with a requester of its own."""
        mark = uuid4().hex[:8]
        body = {
            "subject": f"Question {mark}",
            "body_text": "How much is a drum?",
            "requester": {"name": f"Customer {mark}", "email": f"c-{mark}@customers.test"},
            **more,
        }
        made = await (session or self.admin).json("POST", "/api/tickets", 201, json=body)
        return {**made, "requester": body["requester"]}
