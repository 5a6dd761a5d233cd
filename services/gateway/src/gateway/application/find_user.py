"""The account that an operator means."""

from uuid import UUID

from deskstream_chassis.caller import Caller
from gateway.application.acting import is_operator
from gateway.application.store import Store
from gateway.domain.errors import Forbidden, NotFound


class FindUser:
    """By its id or its address. Only `system:operator` may ask by address."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, who: str, caller: Caller) -> UUID:
        """Raises NotFound, Forbidden."""
        if not is_operator(caller):
            raise Forbidden("only the operator finds accounts by their address")
        try:
            return UUID(who)
        except ValueError:
            async with self._store.work(caller.origin) as work:
                user = await work.users.by_email(who)
        if user is None:
            raise NotFound("no such user")
        return user.user_id
