"""`python -m gateway audit verify|tail`: the trail from a shell of the installation."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from deskstream_chassis.operations import OperationFailed
from gateway.application.ports import Queries

Command = Callable[[Sequence[str]], Awaitable[Any]]
TAIL = 20


def audit_commands(verify: Callable[[], Awaitable[Any]], queries: Queries) -> Mapping[str, Command]:
    """`audit-verify`, which fails and names each break, and `audit-tail`, oldest first."""

    async def audit_verify(_: Sequence[str]) -> Any:
        found = await verify()
        if found.breaks:
            named = (f"{one.kind} {one.stream_id}/{one.version}" for one in found.breaks)
            raise OperationFailed("chain_broken: " + ", ".join(named))
        return asdict(found)

    async def audit_tail(arguments: Sequence[str]) -> Any:
        count = arguments[0] if arguments else str(TAIL)
        if not count.isdecimal() or not 0 < int(count) <= 1000:
            raise OperationFailed("usage: audit tail [COUNT up to 1000]")
        rows = await queries.audit_trail(
            action=None, principal=None, since=None, before=None, limit=int(count)
        )
        return {
            "items": [
                {"position": row.position, **row.event.model_dump(mode="json")}
                for row in reversed(rows)
            ]
        }

    return {"audit-verify": audit_verify, "audit-tail": audit_tail}
