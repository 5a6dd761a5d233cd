"""Files: upload and download."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse

from deskstream_chassis.http.guard import CallerDep, guarded
from ticketing.application.app import TicketingApp
from ticketing.application.upload_file import UploadFile
from ticketing.domain.files import FILE_LIMIT
from ticketing.interface.http.answers import AttachmentOut
from ticketing.interface.http.downloads import asked_range, download_headers
from ticketing.interface.http.fields import known_id, ticket_ref
from ticketing.interface.http.ticket_routes import TicketId
from ticketing.interface.http.uploads import MultipartFile

UPLOAD_LIMIT = FILE_LIMIT + 16 * 1024
"""The file and the multipart framing around it."""
UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


def file_router(app: TicketingApp) -> APIRouter:
    """Bytes pass through in chunks, both ways."""
    router = APIRouter(tags=["files"])

    @router.post("/api/tickets/{id}/attachments", status_code=201, openapi_extra=UPLOAD_BODY)
    @guarded("ticket:modify", streams=True, body_limit=UPLOAD_LIMIT)
    async def upload(ticket: TicketId, request: Request, caller: CallerDep) -> AttachmentOut:
        command = UploadFile(ticket_ref(ticket), MultipartFile(request))
        return AttachmentOut.model_validate(await app.upload_file(command, caller))

    @router.get("/api/attachments/{id}/download", response_class=StreamingResponse)
    @guarded("ticket:view")
    async def download(
        file_id: Annotated[str, Path(alias="id")], request: Request, caller: CallerDep
    ) -> StreamingResponse:
        file = await app.download_file.find(known_id(file_id), caller.actor)
        wanted = request.headers.get("range"), request.headers.get("if-range")
        part = asked_range(*wanted, file)
        whole = part or range(file.size)
        headers = download_headers(file) | {"Content-Length": str(len(whole))}
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
        chunks = await app.download_file.read(file, whole.start, whole.stop)
        return StreamingResponse(chunks, 200 if part is None else 206, headers)

    return router
