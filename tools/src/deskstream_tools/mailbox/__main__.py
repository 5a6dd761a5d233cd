"""`python -m deskstream_tools.mailbox --folder DIR`: one process, SMTP and page on loopback."""

import argparse
import asyncio
from pathlib import Path

import uvicorn

from deskstream_tools.mailbox.faults import Misbehaviour
from deskstream_tools.mailbox.smtp import serve_smtp
from deskstream_tools.mailbox.store import Store
from deskstream_tools.mailbox.web import Web


async def serve(folder: Path, smtp_port: int, page_port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    store, misbehaviour = Store(folder), Misbehaviour()
    smtp = await serve_smtp(store, misbehaviour, "127.0.0.1", smtp_port)
    page = uvicorn.Server(
        uvicorn.Config(
            Web(store, misbehaviour).app(),
            host="127.0.0.1",
            port=page_port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    async with smtp:
        await page.serve()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m deskstream_tools.mailbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, default=8480)
    parser.add_argument("--page-port", type=int, default=8481)
    args = parser.parse_args()
    asyncio.run(serve(args.folder, args.smtp_port, args.page_port))


if __name__ == "__main__":
    main()
