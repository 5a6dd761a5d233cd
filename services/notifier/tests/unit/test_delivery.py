"""What the mail server's answers mean."""

import pytest

from notifier.domain.delivery import (
    PATIENCE,
    Postponed,
    Refusal,
    Refused,
    answered,
    judge_recipients,
    pause_before_retry,
)


def test_a_permanent_answer_refuses_and_a_temporary_one_postpones() -> None:
    assert answered(550) == Refused("smtp_550")
    assert answered(451) == Postponed("smtp_451")


@pytest.mark.parametrize("status", [530, 535, 503])
def test_an_answer_about_our_own_settings_never_fails_the_mail(status: int) -> None:
    assert answered(status) == Postponed(f"smtp_{status}")


def test_nonsense_is_no_refusal() -> None:
    assert answered(-1) == Postponed("smtp_nonsense")


def test_one_refused_recipient_is_named_and_the_others_get_it() -> None:
    assert judge_recipients([250, 550, 251], tries=1) == (Refusal(1, "smtp_550"),)


def test_it_fails_when_every_recipient_is_refused_for_good() -> None:
    assert judge_recipients([550, 553], tries=1) == Refused("smtp_550")


def test_a_recipient_refused_for_now_holds_the_mail_back_only_so_often() -> None:
    assert judge_recipients([250, 450], tries=PATIENCE - 1) == Postponed("smtp_450")
    assert judge_recipients([250, 450], tries=PATIENCE) == (Refusal(1, "smtp_450"),)


def test_it_waits_as_long_as_nobody_took_it_and_one_may() -> None:
    assert judge_recipients([550, 450], tries=1000) == Postponed("smtp_450")


def test_the_pause_grows_and_never_passes_a_minute() -> None:
    assert [pause_before_retry(n).total_seconds() for n in (1, 2, 3, 6, 7, 5000)] == [
        1, 2, 4, 32, 60, 60,
    ]  # fmt: skip
