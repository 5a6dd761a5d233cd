"""About five hundred mails as they come in real life: none crashes, each is read as it should."""

import pytest
from mails.all import corpus
from mails.corpus import Mail

from notifier.domain.inbound import automatic
from notifier.infra.inbound.reading import read_mail

MAILS = list(corpus())
OWN = ("support@shop.test",)


def test_there_are_about_five_hundred() -> None:
    assert len(MAILS) >= 490


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.name)
def test_a_mail_is_read_as_it_should(mail: Mail) -> None:
    read, expected = read_mail(mail.raw), mail.expected
    assert read.unreadable == expected.unreadable
    if expected.text is not None:
        assert expected.text in read.body_text
        assert expected.text or not read.body_text
    if expected.without is not None:
        assert expected.without not in read.body_text + read.body_html
    if expected.subject is not None:
        assert read.subject == expected.subject
    if expected.sender not in (None, "?"):
        assert read.sender[0] == expected.sender
    if expected.files is not None:
        assert tuple(file.file_name for file in read.files) == expected.files
    if mail.sender:
        assert automatic(read.marks, read.sender[0], OWN) == expected.automatic
    for text in (read.body_text, read.body_html, read.subject, read.quoted_text or ""):
        assert "\0" not in text
        text.encode()
