"""Which mail a fact calls for, and to whom."""

from uuid import uuid4

from notifier.domain import occasions
from notifier.domain.addresses import Recipient
from notifier.domain.people import Person
from notifier.domain.ticket import PendingReply, Ticket

OWN = "support@shop.test"
FACT = uuid4()


def person(**known: object) -> Person:
    values: dict[str, object] = {
        "user_id": uuid4(),
        "name": "Mia",
        "email": "mia@shop.test",
        "role": "agent",
        "status": "active",
        **known,
    }
    return Person(**values)  # type: ignore[arg-type]


def ticket(requester: Recipient | None = Recipient("ann@example.org", "Ann")) -> Ticket:  # noqa: B008
    return Ticket(uuid4(), 17, "Is acetone shipped by air?", uuid4(), requester)


def test_every_active_admin_is_told_that_someone_waits() -> None:
    waiting = person(status="registered", role=None)
    admins = [person(role="admin", email=f"a{n}@shop.test") for n in range(2)]
    others = [person(role="manager"), person(role="admin", status="suspended")]
    letters = occasions.user_waiting(FACT, waiting, [*admins, *others, waiting])
    assert [letter.to[0].address for letter in letters] == ["a0@shop.test", "a1@shop.test"]
    assert len({letter.message_id for letter in letters}) == 2


def test_the_requester_gets_an_acknowledgement() -> None:
    letter = occasions.acknowledgement(FACT, ticket(), own=OWN)
    assert letter is not None
    assert letter.to == (Recipient("ann@example.org", "Ann"),)
    assert letter.automatic
    assert letter.to_customer


def test_a_ticket_without_an_address_is_not_acknowledged() -> None:
    assert occasions.acknowledgement(FACT, ticket(None), own=OWN) is None


def test_a_ticket_from_our_own_address_is_not_acknowledged() -> None:
    assert occasions.acknowledgement(FACT, ticket(Recipient(OWN.upper())), own=OWN) is None


def test_the_assignee_is_told_unless_he_took_it_himself() -> None:
    mia = person()
    assert occasions.assignment(FACT, ticket(), mia, assigned_by=f"user:{mia.user_id}") is None
    letter = occasions.assignment(FACT, ticket(), mia, assigned_by=f"user:{uuid4()}")
    assert letter is not None
    assert letter.to == (Recipient("mia@shop.test", "Mia"),)
    assert not letter.to_customer


def test_a_suspended_assignee_gets_nothing() -> None:
    gone = person(status="suspended")
    assert occasions.assignment(FACT, ticket(), gone, assigned_by="key:x") is None


def test_a_reply_goes_to_the_customer_and_each_copied_once() -> None:
    pending = PendingReply(
        uuid4(),
        uuid4(),
        author_name="Mia",
        body_html="<p>Yes</p>",
        body_text="Yes",
        to=Recipient("ann@example.org", "Ann"),
        cc=("ANN@example.org", "bob@example.org", OWN),
    )
    letter = occasions.reply(FACT, ticket(), pending, own=OWN)
    assert [one.address for one in letter.recipients] == ["ann@example.org", "bob@example.org"]
    assert not letter.automatic


def test_a_reply_to_ourselves_goes_to_those_copied_only() -> None:
    pending = PendingReply(
        uuid4(), uuid4(), "Mia", "<p>x</p>", "x", Recipient(OWN), cc=("bob@example.org",)
    )
    letter = occasions.reply(FACT, ticket(), pending, own=OWN)
    assert (letter.to, letter.cc) == ((Recipient("bob@example.org"),), ())
