"""The page to read mails, the JSON API, and the switch for faults."""

import json
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from deskstream_tools.mailbox.faults import Faults, Misbehaviour
from deskstream_tools.mailbox.store import Store

PAGE = 200
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "frame-src 'self'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Web:
    """The routes over one store."""

    def __init__(self, store: Store, misbehaviour: Misbehaviour) -> None:
        self._store = store
        self._misbehaviour = misbehaviour
        self._pages = Jinja2Templates(Path(__file__).parent / "templates")

    def app(self) -> Starlette:
        """The ASGI app. Only loopback names are answered: mails carry sign-in links, and a page
        from elsewhere must not read them by pointing its own name here."""
        return Starlette(
            routes=[
                Route("/", self.page),
                Route("/mail/{number}", self.mail),
                Route("/messages", self.messages),
                Route("/messages/{number}", self.message),
                Route("/messages/{number}/raw", self.raw),
                Route("/messages/{number}/attachments/{place:int}", self.attachment),
                Route("/count", self.count),
                Route("/message-ids", self.message_ids),
                Route("/faults", self.faults, methods=["GET"]),
                Route("/faults", self.set_faults, methods=["PUT"]),
                Route("/faults", self.end_faults, methods=["DELETE"]),
            ],
            middleware=[
                Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
            ],
        )

    async def page(self, request: Request) -> Response:
        """The newest mails, or those to one address."""
        to = request.query_params.get("to") or None
        context = {"rows": self._store.newest(to, PAGE), "to": to, "count": self._store.count()}
        return self._pages.TemplateResponse(request, "list.html", context, headers=SAFE)

    async def mail(self, request: Request) -> Response:
        """One mail to read."""
        number = request.path_params["number"]
        mail = self._store.parsed(number)
        if mail is None:
            return missing(number)
        context = {"number": number, "mail": mail, **shown(mail)}
        return self._pages.TemplateResponse(request, "mail.html", context, headers=SAFE)

    async def messages(self, request: Request) -> Response:
        """`?to=`, `?since=` (ISO time), `?message_id=`; oldest first."""
        asked = request.query_params
        try:
            datetime.fromisoformat(asked.get("since") or "2000-01-01")
        except ValueError:
            return JSONResponse({"status": 422, "detail": "since is no ISO time"}, 422)
        document = self._store.listed(asked.get("to"), asked.get("since"), asked.get("message_id"))
        return Response(document, media_type="application/json")

    async def message(self, request: Request) -> Response:
        """Text, HTML and the attachments' names and sizes."""
        number = request.path_params["number"]
        mail = self._store.parsed(number)
        if mail is None:
            return missing(number)
        headers = {name: str(value) for name, value in mail.items()}
        return JSONResponse({"id": number, "headers": headers, **shown(mail)})

    async def raw(self, request: Request) -> Response:
        """The bytes as they came."""
        number = request.path_params["number"]
        content = self._store.raw(number)
        if content is None:
            return missing(number)
        return Response(content, media_type="message/rfc822", headers=SAFE)

    async def attachment(self, request: Request) -> Response:
        """One attachment, always as a download."""
        number = request.path_params["number"]
        mail = self._store.parsed(number)
        files = list(mail.iter_attachments()) if mail is not None else []
        place = request.path_params["place"]
        if not 0 <= place < len(files):
            return missing(f"{number}/{place}")
        content = files[place].get_payload(decode=True)
        return Response(
            content if isinstance(content, bytes) else b"",
            media_type="application/octet-stream",
            headers={**SAFE, "Content-Disposition": "attachment"},
        )

    async def count(self, _request: Request) -> Response:
        """How many mails were accepted."""
        return JSONResponse({"count": self._store.count()})

    async def message_ids(self, _request: Request) -> Response:
        """How often each Message-ID was accepted."""
        return JSONResponse(self._store.message_ids())

    async def faults(self, _request: Request) -> Response:
        """The faults to come and those that happened."""
        return JSONResponse(
            {
                **self._misbehaviour.faults.model_dump(mode="json"),
                "happened": self._misbehaviour.happened.model_dump(),
            }
        )

    async def set_faults(self, request: Request) -> Response:
        """Replace the faults; 422 says what is wrong with them."""
        try:
            self._misbehaviour.set(Faults.model_validate_json(await request.body()))
        except ValidationError as wrong:
            problems: Any = json.loads(wrong.json(include_url=False, include_context=False))
            return JSONResponse({"status": 422, "errors": problems}, 422)
        return await self.faults(request)

    async def end_faults(self, _request: Request) -> Response:
        """Behave again."""
        self._misbehaviour.set(Faults())
        return Response(status_code=204)


def shown(mail: EmailMessage) -> dict[str, Any]:
    """What of a mail is read: text, html, attachments."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    files = [
        {
            "file_name": part.get_filename() or "",
            "media_type": part.get_content_type(),
            "size": len(part.get_payload(decode=True) or b""),
        }
        for part in mail.iter_attachments()
    ]
    return {
        "text": text.get_content() if text else None,
        "html": html.get_content() if html else None,
        "attachments": files,
    }


def missing(what: str) -> JSONResponse:
    """No such mail."""
    return JSONResponse({"status": 404, "detail": f"no mail {what}"}, 404)
