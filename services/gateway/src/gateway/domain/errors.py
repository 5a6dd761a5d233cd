"""The one error tree of the gateway; codes are stable, the status is decided at the edge."""

import math
from datetime import timedelta
from typing import ClassVar


class GatewayError(Exception):
    """Base. `code` is published and never changes; the text names no person and no value.

    `field` is the dotted path of the input that is at fault, where one is.
    """

    code: ClassVar[str] = "gateway_error"

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class InvalidInput(GatewayError):
    """Well-formed, and still not acceptable."""

    code = "invalid"


class WeakPassword(InvalidInput):
    """Too short, too long, or one that everybody knows."""

    code = "weak_password"


class UnknownTeam(InvalidInput):
    """A team that does not exist was named."""

    code = "unknown_team"


class UnknownScope(InvalidInput):
    """A scope that does not exist, or that exceeds the creator's rights, was named."""

    code = "unknown_scope"


class NotFound(GatewayError):
    """No such thing, or not for the caller to see."""

    code = "not_found"


class Forbidden(GatewayError):
    """The caller sees it and may not do this to it."""

    code = "forbidden"


class OwnRole(Forbidden):
    """Nobody changes his own role or standing."""

    code = "own_role"


class AdminUntouchable(Forbidden):
    """Only an admin may touch an admin or make one."""

    code = "admin_untouchable"


class StepUpRequired(Forbidden):
    """A fresh proof of who asks is needed first."""

    code = "step_up_required"


class WrongState(GatewayError):
    """The account is not in a state that allows this."""

    code = "wrong_state"


class LastAdmin(WrongState):
    """The last active admin stays one."""

    code = "last_admin"


class FactorNotBegun(WrongState):
    """No secret waits for its first code."""

    code = "factor_not_begun"


class NoFactor(WrongState):
    """The account has no second factor."""

    code = "no_factor"


class EmailTaken(GatewayError):
    """An account with this address exists. Told to operators only, never over HTTP."""

    code = "email_taken"


class LinkInvalid(GatewayError):
    """The link is unknown, used or too old; which of these is not told."""

    code = "link_invalid"


class SignInFailed(GatewayError):
    """Unknown address, wrong password, not verified, not approved or suspended: one answer."""

    code = "sign_in_failed"


class TooManyTries(GatewayError):
    """Too many sign-ins failed at this address of an account, whether there is one or not."""

    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many sign-ins failed; wait before the next")
        self.retry_after = retry_after


class StateInvalid(GatewayError):
    """A walk to the issuer that is unknown, over, too old or another browser's: not told which."""

    code = "state_invalid"


class OidcRefused(GatewayError):
    """The issuer vouches for nobody who may come in; why is on the trail only."""

    code = "oidc_refused"


class IdentityTaken(GatewayError):
    """The identity opens another account. Never told over HTTP."""

    code = "identity_taken"


class SessionChanged(GatewayError):
    """The session that set out has ended, or its owner is not what he was. Never told over HTTP."""

    code = "session_changed"


class WrongPassword(GatewayError):
    """The old password given for a change is not the right one."""

    code = "wrong_password"


class WrongCode(GatewayError):
    """Not the code of any step near now, or one that counted before."""

    code = "wrong_code"


class PendingInvalid(GatewayError):
    """The sign-in that waits for its second factor is unknown, finished, too old or tried too
    often; which of these is not told. It begins anew, with the password."""

    code = "pending_invalid"


class FactorBlocked(GatewayError):
    """Too many wrong codes in a row: none is looked at for a while."""

    code = "factor_blocked"

    def __init__(self, pause: timedelta) -> None:
        super().__init__("too many wrong codes in a row; wait")
        self.retry_after = max(1, math.ceil(pause.total_seconds()))
        """Whole seconds."""


class Busy(GatewayError):
    """Too many passwords are waiting to be checked; come back in a moment."""

    code = "busy"


class ReplicaBehind(GatewayError):
    """What is known of tickets is too old to decide with, or the log cannot be reached."""

    code = "replica_behind"


class FeedForgotten(GatewayError):
    """Entries after the given cursor are no longer there, or it is of another feed."""

    code = "feed_forgotten"
