"""The replica of users and teams follows the gateway's facts."""

from uuid import UUID

import pytest

from deskstream_events import topics
from deskstream_events.event import Event
from deskstream_events.gateway import team, user
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_eventstore import Database
from ticketing.application.follow_people import FollowPeople
from ticketing.application.ports import Directory
from ticketing.domain.people import Person, Team
from ticketing.infra.db.directory import PostgresDirectory
from ticketing.interface.kafka.people import people_consumer
from ticketing.testing import CREDIT, START, SUPPORT, MemoryDirectory, fact_of

USER = UUID(int=77)


@pytest.fixture(params=[PostgresDirectory, MemoryDirectory])
def directory(request: pytest.FixtureRequest) -> Directory:
    """The replica, and the fake that stands for it in unit tests."""
    made: Directory = request.param()
    return made


@pytest.fixture
def told(database: Database, directory: Directory) -> "Told":
    return Told(database, directory)


class Told:
    """The consumer, told facts one by one, and what is known then."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database, self._directory = database, directory
        self._handlers = people_consumer(FollowPeople(directory)).handlers

    async def __call__(self, *events: Event) -> Person | None:
        for event in events:
            async with self._database.work() as work:
                await self._handlers[event.TYPE](work, fact_of(event, topics.USERS))
        async with self._database.reading() as work:
            return await self._directory.person(work, USER)


def registered() -> user.UserRegisteredV1:
    return user.UserRegisteredV1(user_id=USER, at=START, email="Ann@desk.test", name="Ann")


def approved(role: str = "agent") -> user.UserApprovedV1:
    return user.UserApprovedV1(user_id=USER, at=START, role=role, teams=(CREDIT.id,))


async def test_somebody_is_known_from_his_registration_and_works_from_his_approval(told: Told):
    person = await told(registered())
    assert person is not None
    assert not person.can_work()
    assert await told(approved()) == Person(
        USER, "Ann", "Ann@desk.test", "agent", active=True, teams=frozenset({CREDIT.id})
    )


async def test_role_teams_and_suspension_follow(told: Told):
    person = await told(
        registered(),
        approved(),
        user.RoleChangedV1(user_id=USER, at=START, role="manager", previous="agent"),
        user.TeamsChangedV1(user_id=USER, at=START, teams=(SUPPORT.id,)),
        user.UserSuspendedV1(user_id=USER, at=START),
    )
    assert person is not None
    assert (person.role, person.teams, person.active) == ("manager", {SUPPORT.id}, False)
    person = await told(user.UserReinstatedV1(user_id=USER, at=START))
    assert person is not None
    assert person.can_work()


async def test_an_approval_without_a_registration_is_kept_all_the_same(told: Told):
    person = await told(approved())
    assert person is not None
    assert person.can_work()


async def test_an_address_is_found_in_any_case_and_the_active_one_counts(
    told: Told, directory: Directory, database: Database
):
    async with database.work() as work:
        gone = Person(UUID(int=1), "Old", "ann@desk.test", "agent", False, frozenset())
        await directory.keep_person(work, gone)
    await told(registered(), approved())
    async with database.reading() as work:
        found = await directory.person_by_email(work, "aNN@DESK.test")
        assert await directory.person_by_email(work, "bob@desk.test") is None
        names = await directory.names(work, [USER, UUID(int=5)])
    assert found is not None
    assert found.id == USER
    assert names == {USER: "Ann"}


async def test_support_is_known_from_the_start_and_teams_follow(
    told: Told, directory: Directory, database: Database
):
    async with database.reading() as work:
        assert await directory.team(work, SUPPORT_TEAM_ID) == SUPPORT
        assert await directory.team(work, CREDIT.id) is None
    created = team.TeamCreatedV1(team_id=CREDIT.id, at=START, title="Credit", restricted=False)
    changed = team.TeamChangedV1(team_id=CREDIT.id, at=START, title="Credits", restricted=True)
    await told(created, changed)
    async with database.reading() as work:
        assert await directory.team(work, CREDIT.id) == Team(CREDIT.id, "Credits", True)
