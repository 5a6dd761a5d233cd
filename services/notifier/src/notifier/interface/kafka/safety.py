"""Facts about how an account is protected: its owner hears of each."""

from deskstream_events.gateway.user import FactorDisabledV1, FactorEnabledV1
from deskstream_eventstore import Consumer, Fact, Work
from notifier.application.follow_users import FollowUsers, TellOfFactor
from notifier.interface.kafka.cause import cause_of


def follow_safety(consumer: Consumer, users: FollowUsers) -> None:
    """Add the handlers."""

    @consumer.on(FactorEnabledV1)
    async def when_factor_enabled(work: Work, fact: Fact[FactorEnabledV1]) -> None:
        command = TellOfFactor(fact.event.user_id, "factor_enabled")
        await users.tell_of_factor(work, command, cause_of(fact))

    @consumer.on(FactorDisabledV1)
    async def when_factor_disabled(work: Work, fact: Fact[FactorDisabledV1]) -> None:
        command = TellOfFactor(fact.event.user_id, "factor_disabled")
        await users.tell_of_factor(work, command, cause_of(fact))
