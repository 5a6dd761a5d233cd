"""A session looked up by its id, for who knows that it was named rightly."""

from gateway.application.sign_out import SignOut
from gateway.testing import Cast, signed_in


async def test_a_session_is_found_by_its_id_as_by_its_token(people: Cast) -> None:
    user_id = await people.agent()
    opened = await people.sign_in("ada@shop.test")
    sessions, session_id = people.rig.sessions, opened.session.session_id
    assert await sessions.by_id(session_id) == await sessions.find(opened.token)
    assert await sessions.by_id(user_id) is None
    await people.app.sign_out(SignOut(session_id), signed_in(opened))
    assert await sessions.by_id(session_id) is None


async def test_a_session_that_is_idle_for_too_long_is_not_found_by_its_id(people: Cast) -> None:
    await people.agent()
    opened = await people.sign_in("ada@shop.test")
    people.rig.clock.advance(minutes=30)
    assert await people.rig.sessions.by_id(opened.session.session_id) is None
