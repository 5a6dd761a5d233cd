"""Users, teams, passwords and links, each bound to one unit of work."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from deskstream_eventstore import SubjectHasher, Work, compiled
from gateway.domain.errors import EmailTaken, NotFound
from gateway.domain.link import VerifyLink
from gateway.domain.team import Team
from gateway.domain.text import fold_email
from gateway.domain.user import User
from gateway.infra.db.tables import credential, team_view, user_email, user_view, verify_link

USER = "gateway.user"
TEAM = "gateway.team"

_CLAIM = compiled(
    insert(user_email)
    .values(address_hash=bindparam("address_hash"), user_id=bindparam("user_id"))
    .on_conflict_do_nothing(index_elements=["address_hash"])
)
_OWNER = compiled(
    select(user_email.c.user_id)
    .where(user_email.c.address_hash == bindparam("address_hash"))
    .with_for_update()
)
_ADMINS = compiled(
    select(user_view.c.user_id)
    .where(user_view.c.role == "admin", user_view.c.status == "active")
    .order_by(user_view.c.user_id)
    .with_for_update()
)


class DbUsers:
    """See ports.Users."""

    def __init__(self, work: Work, subjects: SubjectHasher) -> None:
        self._work, self._subjects = work, subjects

    async def get(self, user_id: UUID) -> User:
        """Raises NotFound."""
        recorded = await self._work.load(user_id)
        if not recorded or recorded[0].stream_type != USER:
            raise NotFound("no such user")
        return User.fold(user_id, (fact.event for fact in recorded))

    async def by_email(self, email: str) -> User | None:
        """By the keyed hash of the folded address; requests about one address go one by one."""
        user_id = await _OWNER.value(self._work, address_hash=self._hash(email))
        return None if user_id is None else await self.get(user_id)

    async def claim(self, user: User) -> None:
        """Waits for a transaction that claims the same address. Raises EmailTaken."""
        claimed = await _CLAIM.execute(
            self._work, address_hash=self._hash(user.email), user_id=user.user_id
        )
        if claimed == 0:
            raise EmailTaken("an account with this address exists")

    def save(self, user: User) -> None:
        """Append what was recorded."""
        if user.pending:
            self._work.append(USER, user.user_id, user.version, tuple(user.pending))

    async def active_admins(self) -> frozenset[UUID]:
        """Locks their rows, in the order of their ids."""
        return frozenset(row["user_id"] for row in await _ADMINS.fetch(self._work))

    def _hash(self, email: str) -> str:
        return self._subjects.hash(f"mail:{fold_email(email)}")


_KNOWN_TEAMS = compiled(
    select(team_view.c.team_id).where(team_view.c.team_id == func.any(bindparam("team_ids")))
)


class DbTeams:
    """See ports.Teams."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def missing(self, team_ids: Iterable[UUID]) -> frozenset[UUID]:
        """By the view."""
        wanted = frozenset(team_ids)
        rows = await _KNOWN_TEAMS.fetch(self._work, team_ids=list(wanted))
        return wanted - {row["team_id"] for row in rows}

    async def find(self, team_id: UUID) -> Team | None:
        """By the stream."""
        recorded = await self._work.load(team_id)
        if not recorded or recorded[0].stream_type != TEAM:
            return None
        return Team.fold(team_id, (fact.event for fact in recorded))

    def save(self, team: Team) -> None:
        """Append what was recorded."""
        if team.pending:
            self._work.append(TEAM, team.team_id, team.version, tuple(team.pending))


_HOLD_HASH = compiled(
    select(credential.c.password_hash)
    .where(credential.c.user_id == bindparam("user_id"))
    .with_for_update()
)
_SET_HASH = compiled(
    insert(credential)
    .values(
        user_id=bindparam("user_id"),
        password_hash=bindparam("password_hash"),
        changed_at=bindparam("changed_at"),
    )
    .on_conflict_do_update(
        index_elements=["user_id"],
        set_={
            "password_hash": bindparam("password_hash"),
            "changed_at": bindparam("changed_at"),
        },
    )
)


class DbCredentials:
    """See ports.Credentials."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def hold(self, user_id: UUID) -> str | None:
        """Locks the row."""
        found: str | None = await _HOLD_HASH.value(self._work, user_id=user_id)
        return found

    async def set(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        """Insert or replace."""
        await _SET_HASH.execute(
            self._work, user_id=user_id, password_hash=password_hash, changed_at=at
        )


_ADD_LINK = compiled(
    insert(verify_link).values(
        token_hash=bindparam("token_hash"),
        user_id=bindparam("user_id"),
        password_hash=bindparam("password_hash"),
        issued_at=bindparam("issued_at"),
        expires_at=bindparam("expires_at"),
    )
)
_HOLD_LINK = compiled(
    select(verify_link).where(verify_link.c.token_hash == bindparam("token_hash")).with_for_update()
)
_LATEST_LINK = compiled(
    select(verify_link)
    .where(verify_link.c.user_id == bindparam("user_id"))
    .order_by(verify_link.c.issued_at.desc())
    .limit(1)
)
_COUNT_LINKS = compiled(
    select(func.count())
    .select_from(verify_link)
    .where(
        verify_link.c.user_id == bindparam("user_id"),
        verify_link.c.issued_at > bindparam("since"),
    )
)
_USE_LINKS = compiled(
    update(verify_link)
    .where(verify_link.c.user_id == bindparam("id"), verify_link.c.used_at.is_(None))
    .values(used_at=bindparam("used_at"))
)


class DbLinks:
    """See ports.Links."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def add(self, token_hash: bytes, link: VerifyLink) -> None:
        """One row."""
        await _ADD_LINK.execute(
            self._work,
            token_hash=token_hash,
            user_id=link.user_id,
            password_hash=link.password_hash,
            issued_at=link.issued_at,
            expires_at=link.expires_at,
        )

    async def hold(self, token_hash: bytes) -> VerifyLink | None:
        """Locks the row."""
        row = await _HOLD_LINK.row(self._work, token_hash=token_hash)
        return None if row is None else _link(dict(row))

    async def latest(self, user_id: UUID) -> VerifyLink | None:
        """By the time of issue."""
        row = await _LATEST_LINK.row(self._work, user_id=user_id)
        return None if row is None else _link(dict(row))

    async def issued_since(self, user_id: UUID, since: datetime) -> int:
        """Used ones included."""
        return int(await _COUNT_LINKS.value(self._work, user_id=user_id, since=since))

    async def use_all(self, user_id: UUID, at: datetime) -> None:
        """Those that were not used before."""
        await _USE_LINKS.execute(self._work, id=user_id, used_at=at)


def _link(row: dict[str, object]) -> VerifyLink:
    row.pop("token_hash")
    return VerifyLink(**row)  # type: ignore[arg-type]
