"""Users and teams, as the gateway tells of them."""

from deskstream_events import topics
from deskstream_events.gateway import team, user
from deskstream_eventstore import Consumer, Fact, Work
from ticketing.application.follow_people import FollowPeople


def people_consumer(follow: FollowPeople) -> Consumer:
    """Keeps the replica of users and teams."""
    consumer = Consumer("ticketing.people", (topics.USERS, topics.TEAMS))

    @consumer.on(user.UserRegisteredV1)
    async def when_user_registered(work: Work, fact: Fact[user.UserRegisteredV1]) -> None:
        event = fact.event
        await follow.registered(work, event.user_id, event.name, event.email)

    @consumer.on(user.UserApprovedV1)
    async def when_user_approved(work: Work, fact: Fact[user.UserApprovedV1]) -> None:
        event = fact.event
        await follow.changed(
            work, event.user_id, role=event.role, teams=frozenset(event.teams), active=True
        )

    @consumer.on(user.UserSuspendedV1)
    async def when_user_suspended(work: Work, fact: Fact[user.UserSuspendedV1]) -> None:
        await follow.changed(work, fact.event.user_id, active=False)

    @consumer.on(user.UserReinstatedV1)
    async def when_user_reinstated(work: Work, fact: Fact[user.UserReinstatedV1]) -> None:
        await follow.changed(work, fact.event.user_id, active=True)

    @consumer.on(user.RoleChangedV1)
    async def when_role_changed(work: Work, fact: Fact[user.RoleChangedV1]) -> None:
        await follow.changed(work, fact.event.user_id, role=fact.event.role)

    @consumer.on(user.TeamsChangedV1)
    async def when_teams_changed(work: Work, fact: Fact[user.TeamsChangedV1]) -> None:
        await follow.changed(work, fact.event.user_id, teams=frozenset(fact.event.teams))

    @consumer.on(team.TeamCreatedV1)
    async def when_team_created(work: Work, fact: Fact[team.TeamCreatedV1]) -> None:
        event = fact.event
        await follow.team(work, event.team_id, event.title, event.restricted)

    @consumer.on(team.TeamChangedV1)
    async def when_team_changed(work: Work, fact: Fact[team.TeamChangedV1]) -> None:
        event = fact.event
        await follow.team(work, event.team_id, event.title, event.restricted)

    return consumer
