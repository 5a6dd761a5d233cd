"""Every refusal is mapped to a status, and its code is its own."""

from collections.abc import Iterator

from ticketing.domain.errors import TicketingError
from ticketing.interface.http.errors import STATUSES, to_problem


def classes(base: type[TicketingError] = TicketingError) -> Iterator[type[TicketingError]]:
    for cls in base.__subclasses__():
        yield cls
        yield from classes(cls)


def raised() -> set[type[TicketingError]]:
    return {cls for cls in classes() if "code" in vars(cls)}


def test_every_error_with_a_code_has_a_status():
    assert raised() == set(STATUSES)


def test_only_leaves_are_raised():
    assert {cls for cls in raised() if cls.__subclasses__()} == set()


def test_no_two_errors_share_a_code():
    codes = [cls.code for cls in raised()]
    assert sorted(set(codes)) == sorted(codes)


def test_a_problem_carries_code_field_and_details():
    from ticketing.domain.errors import AttachmentsTooLarge

    problem = to_problem(AttachmentsTooLarge("too much", field="attachments", sizes=[1, 2]))
    assert (problem.status, problem.code, problem.field) == (
        422,
        "attachments_too_large",
        "attachments",
    )
    assert problem.body("c")["sizes"] == [1, 2]
