"""The menu: everything that can be asked of the gateway's accounts, teams, sessions and keys."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from deskstream_chassis.clock import Clock
from gateway.application.change_password import ChangePasswordHandler
from gateway.application.change_team import ChangeTeamHandler
from gateway.application.change_user_status import ChangeUserStatusHandler
from gateway.application.create_admin import CreateAdminHandler
from gateway.application.create_key import CreateKeyHandler
from gateway.application.create_team import CreateTeamHandler
from gateway.application.decide_operations import DecideOperations
from gateway.application.desk import Desk, OpenTickets
from gateway.application.devices import KnownDevices
from gateway.application.enable_factor import EnableFactorHandler
from gateway.application.ensure_support import EnsureSupportHandler
from gateway.application.factor_proof import FactorProof
from gateway.application.find_user import FindUser
from gateway.application.finish_oidc import FinishOidcHandler
from gateway.application.forgot_password import ForgotPasswordHandler
from gateway.application.issuer import Issuer
from gateway.application.new_password import NewPassword
from gateway.application.offer_factor import OfferFactorHandler
from gateway.application.open_session import OpenSession
from gateway.application.own_sessions import EndSessionHandler, OwnSessions
from gateway.application.ports import Audit, FactorVault, Passwords, Queries, Sealer
from gateway.application.quarantine import DecideQuarantine, Quarantine
from gateway.application.read_feed import ReadFeed
from gateway.application.recognise_device import RecogniseDeviceHandler
from gateway.application.register_user import RegisterUserHandler
from gateway.application.resend_verification import ResendVerificationHandler
from gateway.application.reset_factor import ResetFactorHandler
from gateway.application.reset_password import ResetPasswordHandler
from gateway.application.revoke_key import RevokeKeyHandler
from gateway.application.rotate_key import RotateKeyHandler
from gateway.application.service_operations import ServiceOperations
from gateway.application.set_user_teams import SetUserTeamsHandler
from gateway.application.sign_in import SignInHandler
from gateway.application.sign_out import SignOutHandler
from gateway.application.start_oidc import StartOidcHandler
from gateway.application.step_up import StepUpHandler
from gateway.application.store import Store
from gateway.application.tell_presence import TellPresenceHandler
from gateway.application.tokens import SessionTokens
from gateway.application.unlink_oidc import UnlinkOidcHandler
from gateway.application.verification import VerificationMail
from gateway.application.verify_email import VerifyEmailHandler
from gateway.application.verify_factor import VerifyFactorHandler
from gateway.application.watch_services import WatchServices
from gateway.application.who_is_here import WhoIsHere
from gateway.domain.factor import SECRET_BYTES


@dataclass(frozen=True)
class GatewayApp:
    """Every use case, and the lists."""

    register_user: RegisterUserHandler
    resend_verification: ResendVerificationHandler
    verify_email: VerifyEmailHandler
    change_user_status: ChangeUserStatusHandler
    set_user_teams: SetUserTeamsHandler
    recognise_device: RecogniseDeviceHandler
    sign_in: SignInHandler
    sign_out: SignOutHandler
    own_sessions: OwnSessions
    end_session: EndSessionHandler
    verify_factor: VerifyFactorHandler
    offer_factor: OfferFactorHandler
    enable_factor: EnableFactorHandler
    reset_factor: ResetFactorHandler
    step_up: StepUpHandler
    change_password: ChangePasswordHandler
    forgot_password: ForgotPasswordHandler
    reset_password: ResetPasswordHandler
    start_oidc: StartOidcHandler
    finish_oidc: FinishOidcHandler
    unlink_oidc: UnlinkOidcHandler
    create_team: CreateTeamHandler
    change_team: ChangeTeamHandler
    create_admin: CreateAdminHandler
    ensure_support: EnsureSupportHandler
    find_user: FindUser
    create_key: CreateKeyHandler
    rotate_key: RotateKeyHandler
    revoke_key: RevokeKeyHandler
    watch_services: WatchServices
    decide_operations: DecideOperations
    decide_quarantine: DecideQuarantine
    read_feed: ReadFeed
    tell_presence: TellPresenceHandler
    who_is_here: WhoIsHere
    open_tickets: OpenTickets
    queries: Queries


@dataclass(frozen=True)
class Peppers:
    """Keys that the database does not hold."""

    session: bytes
    key: bytes
    recovery: bytes


def build_app(
    *,
    store: Store,
    queries: Queries,
    passwords: Passwords,
    sealer: Sealer,
    vault: FactorVault,
    audit: Audit,
    clock: Clock,
    common_passwords: Collection[str],
    peppers: Peppers,
    services: Mapping[str, ServiceOperations],
    quarantine: Quarantine | None,
    issuer: Issuer | None,
    desk: Desk,
) -> GatewayApp:
    """Put the use cases together; the ports come from bootstrap, or from a test."""
    tokens = SessionTokens(peppers.session, _new_token)
    opening = OpenSession(tokens, KnownDevices(peppers.session, _new_token))
    proof = FactorProof(vault, peppers.recovery)
    new_password = NewPassword(passwords, common_passwords)
    mail = VerificationMail(sealer, _new_token)
    return GatewayApp(
        register_user=RegisterUserHandler(store, clock, new_password, mail),
        resend_verification=ResendVerificationHandler(store, clock, mail),
        verify_email=VerifyEmailHandler(store, clock, audit),
        change_user_status=ChangeUserStatusHandler(store, clock),
        set_user_teams=SetUserTeamsHandler(store, clock),
        recognise_device=RecogniseDeviceHandler(store, clock),
        sign_in=SignInHandler(store, clock, passwords, opening),
        sign_out=SignOutHandler(store, clock),
        own_sessions=OwnSessions(queries, clock),
        end_session=EndSessionHandler(store, clock),
        verify_factor=VerifyFactorHandler(store, clock, proof, opening),
        offer_factor=OfferFactorHandler(store, clock, vault, _new_secret),
        enable_factor=EnableFactorHandler(
            store, clock, proof, peppers.recovery, tokens, _random_text
        ),
        reset_factor=ResetFactorHandler(store, clock),
        step_up=StepUpHandler(store, clock, passwords, proof, tokens),
        change_password=ChangePasswordHandler(store, clock, passwords, new_password, tokens),
        forgot_password=ForgotPasswordHandler(store, clock, sealer, _new_token),
        reset_password=ResetPasswordHandler(store, clock, new_password, audit),
        start_oidc=StartOidcHandler(store, clock, issuer, _new_token),
        finish_oidc=FinishOidcHandler(store, clock, issuer, opening, audit),
        unlink_oidc=UnlinkOidcHandler(store, clock),
        create_team=CreateTeamHandler(store, clock),
        change_team=ChangeTeamHandler(store, clock),
        create_admin=CreateAdminHandler(store, clock, new_password),
        ensure_support=EnsureSupportHandler(store, clock),
        find_user=FindUser(store),
        create_key=CreateKeyHandler(store, clock, peppers.key, _random_text),
        rotate_key=RotateKeyHandler(store, clock, peppers.key, _random_text),
        revoke_key=RevokeKeyHandler(store, clock),
        watch_services=WatchServices(services),
        decide_operations=DecideOperations(services, store, clock),
        decide_quarantine=DecideQuarantine(quarantine, store, clock),
        read_feed=ReadFeed(desk.feed),
        tell_presence=TellPresenceHandler(desk.tickets, desk.presence, clock),
        who_is_here=WhoIsHere(desk.tickets, desk.presence, clock),
        open_tickets=desk.open_tickets,
        queries=queries,
    )


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def _random_text(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
