"""Failed sign-ins of strangers close an account to strangers for a while."""

import math
from datetime import datetime

from gateway.application.store import GatewayWork
from gateway.domain.errors import TooManyTries
from gateway.domain.tries import Tries


async def begin_try(work: GatewayWork, email: str, now: datetime) -> Tries:
    """Count one try of a stranger at this account, known or not, as failed for now.

    Raises TooManyTries, and counts nothing, while the account is closed.
    """
    tries = await work.tries.hold(email)
    wait = tries.wait(now)
    if wait:
        raise TooManyTries(math.ceil(wait.total_seconds()))
    tries = tries.one_more(now)
    await work.tries.keep(email, tries)
    return tries
