"""Which of the gateway's errors becomes which problem."""

from collections.abc import Callable

from deskstream_chassis.http.errors import ErrorMap
from deskstream_chassis.http.problem import Problem, unavailable
from gateway.application.issuer import IssuerSilent
from gateway.application.ports import StoreDown
from gateway.application.service_operations import ServiceSilent
from gateway.domain.errors import (
    Busy,
    EmailTaken,
    FactorBlocked,
    FeedForgotten,
    Forbidden,
    GatewayError,
    InvalidInput,
    LinkInvalid,
    NotFound,
    OidcRefused,
    PendingInvalid,
    ReplicaBehind,
    SignInFailed,
    StateInvalid,
    TooManyTries,
    WrongCode,
    WrongPassword,
    WrongState,
)
from gateway.interface.gate.limits import closed_account


def _with_status(status: int) -> Callable[[GatewayError], Problem]:
    return lambda e: Problem(status, e.code, detail=e.detail, field=e.field)


ERRORS: ErrorMap = {
    InvalidInput: _with_status(422),
    NotFound: lambda _: Problem(404, "not_found"),
    Forbidden: _with_status(403),
    WrongState: _with_status(409),
    EmailTaken: _with_status(409),
    LinkInvalid: _with_status(400),
    StateInvalid: _with_status(400),
    OidcRefused: _with_status(403),
    IssuerSilent: lambda _: unavailable("issuer_unavailable"),
    SignInFailed: _with_status(401),
    TooManyTries: lambda e: closed_account(e.retry_after),
    WrongPassword: _with_status(403),
    PendingInvalid: _with_status(401),
    WrongCode: _with_status(403),
    FactorBlocked: lambda e: Problem(
        429, e.code, detail=e.detail, headers={"Retry-After": str(e.retry_after)}
    ),
    Busy: lambda _: unavailable("busy"),
    ServiceSilent: lambda e: Problem(502, "service_silent", detail=e.code),
    FeedForgotten: _with_status(410),
    ReplicaBehind: lambda e: unavailable(e.code),
    StoreDown: lambda _: unavailable("store_unavailable"),
}
