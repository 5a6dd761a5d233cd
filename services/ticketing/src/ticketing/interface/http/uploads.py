"""Reading an upload: multipart with one file, parsed while it arrives, nothing kept in memory."""

from collections.abc import AsyncIterator

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from ticketing.domain.errors import FileMalformed

HEADER_LIMIT = 4096


class MultipartFile:
    """Incoming over a request; the request is not read before `open`."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._data: list[bytes] = []
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._parts = 0
        self._begun = self._ended = False

    async def open(self) -> tuple[str, AsyncIterator[bytes]]:
        """The file's name and its bytes. Raises FileMalformed, here or while they are read, where
        the body is anything else than one part named `file`."""
        parser = self._parser()
        stream = self._request.stream()
        while not self._begun:
            await self._feed(parser, stream)
        disposition, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"filename")
        if disposition != b"form-data" or options.get(b"name") != b"file" or name is None:
            raise FileMalformed("one part named file, with a file name", field="file")
        return name.decode("utf-8", "replace"), self._chunks(parser, stream)

    async def _chunks(
        self, parser: MultipartParser, stream: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        while True:
            while self._data:
                yield self._data.pop(0)
            if self._ended:
                return
            await self._feed(parser, stream)

    async def _feed(self, parser: MultipartParser, stream: AsyncIterator[bytes]) -> None:
        try:
            chunk = await anext(stream, None)
            if chunk:
                parser.write(chunk)
        except (MultipartParseError, ClientDisconnect):
            raise FileMalformed("the multipart body is malformed", field="file") from None
        if chunk is None and not self._ended:
            raise FileMalformed("the multipart body broke off", field="file")
        if self._parts > 1 or sum(map(len, self._header)) > HEADER_LIMIT:
            raise FileMalformed("one file a request", field="file")

    def _parser(self) -> MultipartParser:
        kind, options = parse_options_header(self._request.headers.get("content-type", ""))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise FileMalformed("the body must be multipart/form-data", field="file")
        return MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._on_part,
                "on_header_field": lambda data, a, b: self._header[0].extend(data[a:b]),
                "on_header_value": lambda data, a, b: self._header[1].extend(data[a:b]),
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers,
                "on_part_data": lambda data, a, b: self._data.append(data[a:b]),
                "on_end": self._on_end,
            },
        )

    def _on_part(self) -> None:
        self._parts += 1

    def _on_header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _on_headers(self) -> None:
        self._begun = True

    def _on_end(self) -> None:
        self._ended = True
