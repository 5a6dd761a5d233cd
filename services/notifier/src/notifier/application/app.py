"""The menu of use cases."""

from dataclasses import dataclass

from notifier.application.follow_tickets import FollowTickets
from notifier.application.follow_users import FollowUsers
from notifier.application.quarantine import ReleaseInboundHandler, ShowQuarantine
from notifier.application.receive_mail import ReceiveMail
from notifier.application.send_mail import SendMail
from notifier.application.settle_mail import SettleMail
from notifier.application.suppressions import LiftSuppressionHandler, ListSuppressions


@dataclass(frozen=True)
class NotifierApp:
    """All that the notifier does; bootstrap fills it."""

    users: FollowUsers
    tickets: FollowTickets
    send_mail: SendMail
    settle_mail: SettleMail
    receive_mail: ReceiveMail
    show_quarantine: ShowQuarantine
    release_inbound: ReleaseInboundHandler
    list_suppressions: ListSuppressions
    lift_suppression: LiftSuppressionHandler
