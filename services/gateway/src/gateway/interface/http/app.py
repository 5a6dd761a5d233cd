"""The gateway's own routes as one application. The gate stands before it."""

from deskstream_chassis.http.app import ServiceApp, create_app
from gateway.application.app import GatewayApp
from gateway.application.limiter import Limiter
from gateway.interface.gate.limits import AccountLimit
from gateway.interface.http.audit_routes import audit_router
from gateway.interface.http.auth_routes import auth_router
from gateway.interface.http.errors import ERRORS
from gateway.interface.http.factor_routes import factor_router
from gateway.interface.http.key_routes import key_router
from gateway.interface.http.oidc_routes import oidc_router
from gateway.interface.http.ops_routes import ops_router
from gateway.interface.http.principal import authenticate
from gateway.interface.http.realtime_routes import realtime_router
from gateway.interface.http.reset_routes import reset_router
from gateway.interface.http.session_routes import session_router
from gateway.interface.http.staff_routes import staff_router
from gateway.interface.http.verify_routes import verify_router


def create_inner_app(app: GatewayApp, limiter: Limiter) -> ServiceApp:
    """Routes, guards and errors. It believes the scope's principal (interface/scope.py), so only
    the gate may call it; it is never bound to a port."""
    limit = AccountLimit(limiter)
    routers = (
        auth_router(app, limit),
        session_router(app),
        factor_router(app, limit),
        verify_router(app),
        reset_router(app, limit),
        oidc_router(app),
        staff_router(app),
        key_router(app),
        ops_router(app),
        audit_router(app),
        realtime_router(app),
    )
    return create_app(
        "gateway", routers=routers, authenticate=authenticate, errors=ERRORS, observed=False
    )
