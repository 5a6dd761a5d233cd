"""`/api/auth/*` of those who are signed in: who they are, and where."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from deskstream_chassis.http.guard import CallerDep, guarded
from gateway.application.app import GatewayApp
from gateway.application.own_sessions import EndSession
from gateway.interface.http.cookie import clear_session
from gateway.interface.http.principal import SessionDep
from gateway.interface.http.schemas import (
    MeWithEmail,
    OwnSessionAnswer,
    OwnSessions,
    RoleAnswer,
    SessionAnswer,
)


def session_router(app: GatewayApp) -> APIRouter:
    """The routes of the own sessions."""
    router = APIRouter(prefix="/api/auth", tags=["auth"])

    @router.get("/session")
    @guarded("session:own")
    async def who_am_i(session: SessionDep) -> SessionAnswer:
        """Who is signed in, the header token, the end of the session."""
        row = await app.queries.user(session.user_id)
        me = MeWithEmail(
            id=session.user_id,
            email=row.email,
            name=session.name,
            role=session.role,
            teams=list(session.teams),
        )
        return SessionAnswer(
            user=me,
            has_factor=row.has_factor,
            csrf=session.csrf_token,
            expires_at=session.expires_at,
        )

    @router.get("/sessions")
    @guarded("session:own")
    async def sessions(session: SessionDep) -> OwnSessions:
        """Where the caller is signed in, oldest first."""
        found = await app.own_sessions(session.user_id)
        return OwnSessions(items=[OwnSessionAnswer.of(s, session.session_id) for s in found])

    @router.delete("/sessions/{id}", status_code=204)
    @guarded("session:own")
    async def end_session(
        session_id: Annotated[UUID, Path(alias="id")],
        response: Response,
        caller: CallerDep,
        session: SessionDep,
    ) -> None:
        """Ends one of the caller's own, this one too."""
        await caller.once(app.end_session, EndSession(session_id), type(None))
        if session_id == session.session_id:
            clear_session(response)

    @router.get("/user-role")
    @guarded("session:own")
    async def user_role(session: SessionDep) -> RoleAnswer:
        """The own role."""
        return RoleAnswer(role=session.role)

    return router
