"""Walks to the issuer and the identities that are linked, bound to one unit of work."""

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from deskstream_eventstore import SubjectHasher, Work, compiled
from gateway.domain.errors import IdentityTaken
from gateway.domain.oidc import LinkIntent, OidcIdentity, OidcWalk
from gateway.infra.db.tables import oidc_identity, oidc_walk

_SET_OUT = compiled(
    insert(oidc_walk).values({column.name: bindparam(column.name) for column in oidc_walk.c})
)
_COME_BACK = compiled(
    delete(oidc_walk)
    .where(oidc_walk.c.state_hash == bindparam("state_hash"))
    .returning(*oidc_walk.c)
)
_OWNER = compiled(
    select(oidc_identity.c.user_id).where(
        oidc_identity.c.identity_hash == bindparam("identity_hash")
    )
)
_LINK = compiled(
    insert(oidc_identity)
    .values({column.name: bindparam(column.name) for column in oidc_identity.c})
    .on_conflict_do_nothing(index_elements=["identity_hash"])
)
_UNLINK = compiled(delete(oidc_identity).where(oidc_identity.c.user_id == bindparam("owner")))


class DbOidc:
    """See store.Oidc."""

    def __init__(self, work: Work, subjects: SubjectHasher) -> None:
        self._work, self._subjects = work, subjects

    async def set_out(self, state_hash: bytes, walk: OidcWalk) -> None:
        """One row."""
        links = walk.links
        await _SET_OUT.execute(
            self._work,
            state_hash=state_hash,
            browser_hash=walk.browser_hash,
            verifier=walk.verifier,
            nonce=walk.nonce,
            expires_at=walk.expires_at,
            session_id=walk.session_id,
            links_user=None if links is None else links.user_id,
            links_role=None if links is None else links.role,
        )

    async def come_back(self, state_hash: bytes) -> OidcWalk | None:
        """Deletes the row; of two at once one gets it."""
        row = await _COME_BACK.row(self._work, state_hash=state_hash)
        if row is None:
            return None
        user_id = row["links_user"]
        return OidcWalk(
            browser_hash=row["browser_hash"],
            verifier=row["verifier"],
            nonce=row["nonce"],
            expires_at=row["expires_at"],
            session_id=row["session_id"],
            links=None if user_id is None else LinkIntent(user_id, row["links_role"]),
        )

    async def owner(self, identity: OidcIdentity) -> UUID | None:
        """By the keyed hash."""
        found: UUID | None = await _OWNER.value(self._work, identity_hash=self._hash(identity))
        return found

    async def link(self, identity: OidcIdentity, user_id: UUID, at: datetime) -> None:
        """Waits for a transaction that links the same identity. Raises IdentityTaken."""
        await self.unlink(user_id)
        linked = await _LINK.execute(
            self._work, identity_hash=self._hash(identity), user_id=user_id, linked_at=at
        )
        if linked == 0:
            raise IdentityTaken("the identity opens another account")

    async def unlink(self, user_id: UUID) -> bool:
        """Whether there was a row."""
        return await _UNLINK.execute(self._work, owner=user_id) == 1

    def _hash(self, identity: OidcIdentity) -> bytes:
        """Subjects are case-sensitive: not SubjectHasher's folded hash, but one with its key."""
        text = b"oidc\0" + identity.text.encode()
        return hmac.new(self._subjects.key, text, hashlib.sha256).digest()
