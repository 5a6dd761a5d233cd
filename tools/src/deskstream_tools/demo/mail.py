"""Reading the local mailbox."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import httpx

from deskstream_tools.demo.target import Target
from deskstream_tools.demo.waiting import eventually


class Mailbox:
    """The mailbox's JSON API."""

    def __init__(self, target: Target, client: httpx.AsyncClient) -> None:
        self._base = target.mailbox_url
        self._client = client

    async def listed(self, **query: str) -> list[dict[str, Any]]:
        """What has arrived, oldest first; `to=` narrows."""
        answer = await self._client.get(f"{self._base}/messages", params=query)
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def raw(self, message_id: str) -> EmailMessage:
        """The mail itself, parsed."""
        answer = await self._client.get(f"{self._base}/messages/{message_id}/raw")
        answer.raise_for_status()
        parsed = email.message_from_bytes(answer.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    async def first(self, to: str, subject: str, *, seconds: float = 30.0) -> EmailMessage:
        """The first mail to someone whose subject holds a word. Raises CheckFailed."""

        async def probe() -> str | None:
            for item in await self.listed(to=to):
                if subject.lower() in str(item["subject"]).lower():
                    return str(item["id"])
            return None

        return await self.raw(
            await eventually(f"a mail to {to} about {subject!r}", probe, seconds=seconds)
        )


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part else ""
