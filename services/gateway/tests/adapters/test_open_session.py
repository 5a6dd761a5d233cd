"""How a session begins, on both stores."""

import pytest

from gateway.application.devices import KnownDevices
from gateway.application.open_session import OpenSession, Proof
from gateway.application.tokens import SessionTokens
from gateway.testing import NINE, PEPPERS, Cast, visitor


@pytest.mark.parametrize(
    ("proof", "proves"), [("password", True), ("factor", True), ("oidc", False)]
)
async def test_a_session_tells_when_its_owner_proved_himself_to_us(
    people: Cast, proof: Proof, proves: bool
) -> None:
    user_id = await people.agent()
    sessions = OpenSession(
        SessionTokens(PEPPERS.session, lambda: "a token"),
        KnownDevices(PEPPERS.session, lambda: "d" * 43),
    )
    async with people.rig.store.work(visitor().origin) as work:
        opened = await sessions.open(
            work,
            await work.users.get(user_id),
            at=NINE,
            device="Firefox, Linux",
            address="192.0.2.7",
            replaces=None,
            proof=proof,
        )
    facts = await people.rig.sessions.find(opened.token)
    assert facts is not None
    assert facts.proven_at == (NINE if proves else None)
