"""Facts of the gateway's accounts."""

from deskstream_events.gateway.user import (
    EmailVerifiedV1,
    NewDeviceSeenV1,
    PasswordResetRequestedV1,
    RoleChangedV1,
    UserApprovedV1,
    UserRegisteredV1,
    UserReinstatedV1,
    UserSuspendedV1,
    VerificationRequestedV1,
)
from deskstream_eventstore import Consumer, Fact, Work
from notifier.application.follow_users import (
    ChangeStanding,
    FollowUsers,
    MailReset,
    MailVerification,
    RegisterPerson,
    TellAdmins,
    TellNewDevice,
    WelcomePerson,
)
from notifier.interface.kafka.cause import cause_of


def follow_users(consumer: Consumer, users: FollowUsers) -> None:
    """Add the handlers."""

    @consumer.on(UserRegisteredV1)
    async def when_user_registered(work: Work, fact: Fact[UserRegisteredV1]) -> None:
        event = fact.event
        await users.register(work, RegisterPerson(event.user_id, event.name, event.email))

    @consumer.on(VerificationRequestedV1)
    async def when_verification_requested(work: Work, fact: Fact[VerificationRequestedV1]) -> None:
        event = fact.event
        command = MailVerification(
            email=event.email,
            sealed_token=event.sealed_token,
            expires_at=event.expires_at,
        )
        await users.mail_verification(work, command, cause_of(fact))

    @consumer.on(PasswordResetRequestedV1)
    async def when_reset_requested(work: Work, fact: Fact[PasswordResetRequestedV1]) -> None:
        event = fact.event
        command = MailReset(
            email=event.email,
            name=event.name,
            sealed_token=event.sealed_token,
            expires_at=event.expires_at,
        )
        await users.mail_reset(work, command, cause_of(fact))

    @consumer.on(EmailVerifiedV1)
    async def when_email_verified(work: Work, fact: Fact[EmailVerifiedV1]) -> None:
        await users.tell_admins(work, TellAdmins(fact.event.user_id), cause_of(fact))

    @consumer.on(UserApprovedV1)
    async def when_user_approved(work: Work, fact: Fact[UserApprovedV1]) -> None:
        event = fact.event
        command = WelcomePerson(event.user_id, event.role, by_operator=event.approved_by is None)
        await users.welcome(work, command, cause_of(fact))

    @consumer.on(NewDeviceSeenV1)
    async def when_new_device_seen(work: Work, fact: Fact[NewDeviceSeenV1]) -> None:
        event = fact.event
        command = TellNewDevice(event.user_id, event.device, event.at)
        await users.tell_new_device(work, command, cause_of(fact))

    @consumer.on(RoleChangedV1)
    async def when_role_changed(work: Work, fact: Fact[RoleChangedV1]) -> None:
        await users.change_standing(work, ChangeStanding(fact.event.user_id, role=fact.event.role))

    @consumer.on(UserSuspendedV1)
    async def when_user_suspended(work: Work, fact: Fact[UserSuspendedV1]) -> None:
        await users.change_standing(work, ChangeStanding(fact.event.user_id, suspended=True))

    @consumer.on(UserReinstatedV1)
    async def when_user_reinstated(work: Work, fact: Fact[UserReinstatedV1]) -> None:
        await users.change_standing(work, ChangeStanding(fact.event.user_id, suspended=False))
