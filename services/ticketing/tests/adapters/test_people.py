"""The replica of users and teams follows the gateway's facts."""

from uuid import UUID

from deskstream_events import topics
from deskstream_events.event import Event
from deskstream_events.gateway import team, user
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.bootstrap import consumers_of
from ticketing.domain.people import Person, Team
from ticketing.infra.db.directory import PostgresDirectory
from ticketing.testing import CREDIT, START, SUPPORT, fact_of

USER = UUID(int=77)
DIRECTORY = PostgresDirectory()


async def tell(app: TicketingApp, database: Database, *events: Event) -> None:
    consumer = next(c for c in consumers_of(app) if c.name == "ticketing.people")
    for event in events:
        async with database.work() as work:
            await consumer.handlers[event.TYPE](work, fact_of(event, topics.USERS))


async def known(database: Database) -> Person | None:
    async with database.reading() as work:
        return await DIRECTORY.person(work, USER)


def registered() -> user.UserRegisteredV1:
    return user.UserRegisteredV1(user_id=USER, at=START, email="Ann@desk.test", name="Ann")


def approved(role: str = "agent") -> user.UserApprovedV1:
    return user.UserApprovedV1(user_id=USER, at=START, role=role, teams=(CREDIT.id,))


async def test_somebody_is_known_from_his_registration_and_works_from_his_approval(
    app: TicketingApp, database: Database
):
    await tell(app, database, registered())
    person = await known(database)
    assert person is not None
    assert not person.can_work()
    await tell(app, database, approved())
    person = await known(database)
    assert person == Person(
        USER, "Ann", "Ann@desk.test", "agent", active=True, teams=frozenset({CREDIT.id})
    )


async def test_role_teams_and_suspension_follow(app: TicketingApp, database: Database):
    await tell(
        app,
        database,
        registered(),
        approved(),
        user.RoleChangedV1(user_id=USER, at=START, role="manager", previous="agent"),
        user.TeamsChangedV1(user_id=USER, at=START, teams=(SUPPORT.id,)),
        user.UserSuspendedV1(user_id=USER, at=START),
    )
    person = await known(database)
    assert person is not None
    assert (person.role, person.teams, person.active) == ("manager", {SUPPORT.id}, False)
    await tell(app, database, user.UserReinstatedV1(user_id=USER, at=START))
    person = await known(database)
    assert person is not None
    assert person.can_work()


async def test_an_address_is_found_in_any_case_and_the_active_one_counts(
    app: TicketingApp, database: Database
):
    async with database.work() as work:
        gone = Person(UUID(int=1), "Old", "ann@desk.test", "agent", False, frozenset())
        await DIRECTORY.keep_person(work, gone)
    await tell(app, database, registered(), approved())
    async with database.reading() as work:
        found = await DIRECTORY.person_by_email(work, "aNN@DESK.test")
        assert await DIRECTORY.person_by_email(work, "bob@desk.test") is None
        names = await DIRECTORY.names(work, [USER, UUID(int=5)])
    assert found is not None
    assert found.id == USER
    assert names == {USER: "Ann"}


async def test_support_is_known_from_the_start_and_teams_follow(
    app: TicketingApp, database: Database
):
    async with database.reading() as work:
        assert await DIRECTORY.team(work, SUPPORT_TEAM_ID) == SUPPORT
        assert await DIRECTORY.team(work, CREDIT.id) is None
    created = team.TeamCreatedV1(team_id=CREDIT.id, at=START, title="Credit", restricted=False)
    changed = team.TeamChangedV1(team_id=CREDIT.id, at=START, title="Credits", restricted=True)
    await tell(app, database, created, changed)
    async with database.reading() as work:
        assert await DIRECTORY.team(work, CREDIT.id) == Team(CREDIT.id, "Credits", True)
