"""What the notifier follows: accounts and tickets, in one consumer."""

from deskstream_events.topics import TICKETS, USERS
from deskstream_eventstore import Consumer
from notifier.application.app import NotifierApp
from notifier.interface.kafka.replies import follow_replies
from notifier.interface.kafka.safety import follow_safety
from notifier.interface.kafka.tickets import follow_tickets
from notifier.interface.kafka.users import follow_users


def build_consumer(app: NotifierApp) -> Consumer:
    """Handlers write replicas and plan mails; none of them waits for the mail server."""
    consumer = Consumer("notifier.mail", (USERS, TICKETS))
    follow_users(consumer, app.users)
    follow_safety(consumer, app.users)
    follow_tickets(consumer, app.tickets)
    follow_replies(consumer, app.tickets)
    return consumer
