"""A person's own signatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.access import Actor
from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Cleaner, RawBody
from ticketing.application.writing import Signature, Signatures
from ticketing.domain.errors import PersonNeeded
from ticketing.domain.writing_errors import SignatureUnknown, TooManySignatures

MOST = 20


@dataclass(frozen=True)
class SaveSignature:
    """A new one (`id` None), or another text of one's own."""

    id: UUID | None
    name: str
    body: RawBody
    is_default: bool = False


class SignaturesOfMine:
    """Own only: another's is not found. The first one is the default until another is."""

    def __init__(
        self, database: Database, signatures: Signatures, clean: Cleaner, clock: Clock
    ) -> None:
        self._database = database
        self._signatures = signatures
        self._clean = clean
        self._clock = clock

    async def list(self, actor: Actor) -> Sequence[Signature]:
        """By name."""
        async with self._database.reading() as work:
            return await self._signatures.of(work, _user(actor))

    async def save(self, command: SaveSignature, caller: Caller) -> Signature:
        """As kept. Raises SignatureUnknown, TooManySignatures, BodyMissing, BodyTooLarge."""
        body, user = self._clean(command.body), _user(caller.actor)
        async with self._database.work(caller.origin) as work:
            await work.once()
            own = await self._signatures.of(work, user)
            if command.id is not None and command.id not in {one.id for one in own}:
                raise SignatureUnknown("no such signature of yours")
            if command.id is None and len(own) >= MOST:
                raise TooManySignatures(f"at most {MOST}")
            others = [one for one in own if one.id != command.id]
            signature = Signature(
                id=command.id or new_id(),
                user_id=user,
                name=command.name,
                body_html=body.html,
                body_text=body.text,
                is_default=command.is_default or not any(one.is_default for one in others),
                updated_at=self._clock.now(),
            )
            await self._signatures.keep(work, signature)
            return work.answer(signature)

    async def remove(self, signature_id: UUID, caller: Caller) -> None:
        """Replies that carry it keep it. Raises SignatureUnknown."""
        async with self._database.work(caller.origin) as work:
            if not await self._signatures.drop(work, _user(caller.actor), signature_id):
                raise SignatureUnknown("no such signature of yours")


async def signature_for(
    work: Work, signatures: Signatures, user_id: UUID, wanted: UUID | None
) -> Signature | None:
    """The named one, else (None) the default, if any. Raises SignatureUnknown."""
    own = await signatures.of(work, user_id)
    if wanted is None:
        return next((one for one in own if one.is_default), None)
    for one in own:
        if one.id == wanted:
            return one
    raise SignatureUnknown("no such signature of yours", field="signature_id")


def _user(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise PersonNeeded("a signature is a person's")
    return actor.user_id
