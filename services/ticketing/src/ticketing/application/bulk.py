"""Many commands in one request: each is done by itself, once."""

from dataclasses import replace

from deskstream_chassis.caller import Caller


def one_of_many(caller: Caller, item: str) -> Caller:
    """The caller for one item: the request's Idempotency-Key becomes one of the item's own, so that
    a repeat of the request gives each item's first answer again."""
    key = caller.origin.idempotency
    if key is None:
        return caller
    own = replace(key, key=f"{key.key}\n{item}")
    return replace(caller, origin=replace(caller.origin, idempotency=own))
