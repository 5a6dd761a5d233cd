"""Calls folded, linked, and the numbers that they came from."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskstream_events.ticketing.call import CallLinkedV1, CallRecordedV1
from ticketing.domain.calls import Call, caller_of, fold_call, link, needs_somebody
from ticketing.infra.phones import NumberPlan
from ticketing.testing import START, SUPPORT, TICKET_ID

CALL = UUID("01900000-0000-7000-8000-0000000000e1")
OTHER = UUID("01900000-0000-7000-8000-0000000000a2")


def recorded(**over) -> CallRecordedV1:
    values = {
        "call_id": CALL,
        "at": START,
        "direction": "inbound",
        "outcome": "missed",
        "phone": "+12025550143",
        "started_at": START,
        "team_id": SUPPORT.id,
    }
    return CallRecordedV1(**(values | over))


def call_of(*events) -> Call:
    call = fold_call(enumerate(events, 1))
    assert call is not None
    return call


def test_a_call_is_nothing_before_it_was_recorded():
    early = CallLinkedV1(call_id=CALL, at=START, ticket_id=TICKET_ID, linked_by="user:x")
    assert fold_call([(1, early)]) is None


@given(st.lists(st.sampled_from((TICKET_ID, OTHER))))
def test_a_call_belongs_where_it_was_linked_last_and_no_link_is_told_twice(targets):
    events = [recorded()]
    for target in targets:
        more = link(call_of(*events), target, by="user:x", at=START)
        assert len(more) == (call_of(*events).ticket_id != target)
        events += more
    call = call_of(*events)
    assert call.ticket_id == (targets[-1] if targets else None)
    assert call.version == len(events)
    links = [e for e in events if isinstance(e, CallLinkedV1)]
    assert [e.previous_id for e in links] == [None, *(e.ticket_id for e in links)][: len(links)]


@pytest.mark.parametrize(
    ("direction", "outcome", "needed"),
    [
        ("inbound", "missed", True),
        ("inbound", "answered", False),
        ("outbound", "missed", False),
        ("outbound", "answered", False),
    ],
)
def test_only_a_customer_whom_nobody_answered_needs_somebody(direction, outcome, needed):
    assert needs_somebody(call_of(recorded(direction=direction, outcome=outcome))) is needed


def test_a_caller_is_named_by_what_is_known_of_him():
    assert caller_of(call_of(recorded())) == "+12025550143"
    assert caller_of(call_of(recorded(phone=None, caller_name="Cora"))) == "Cora"
    assert caller_of(call_of(recorded(phone=None))) == "a withheld number"


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("(202) 555-0143", "+12025550143"),
        ("2025550143", "+12025550143"),
        ("+44 20 7946 0958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
        ("101", "101"),
        ("sip:cora@pbx", "sip:cora@pbx"),
        (" Anonymous ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_number_is_read_by_its_countrys_plan_and_anything_else_stays(told, known):
    assert NumberPlan("US")(told) == known


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_numbers_and_reading_twice_changes_nothing(told):
    plan = NumberPlan("US")
    once = plan(told)
    assert plan(once) == once
