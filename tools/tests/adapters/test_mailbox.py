"""The mailbox, as its own process, by SMTP and HTTP."""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from deskstream_tools.local.processes import free_port, port_answers, wait_until


class Mailbox:
    """A mailbox process over a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.smtp, self.page = folder, free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.page}"

    def start(self) -> None:
        ports = ["--smtp-port", str(self.smtp), "--page-port", str(self.page)]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "deskstream_tools.mailbox"),
                *("--folder", str(self.folder), *ports),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        wait_until(lambda: port_answers(self.smtp) and port_answers(self.page), "the mailbox")

    def stop(self) -> bytes:
        self.process.terminate()
        said, _ = self.process.communicate(timeout=10)
        return said

    def send(self, to: str, subject: str = "Hello", attached: bytes | None = None) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Desk <support@desk.test>", to, subject
        mail["Message-ID"] = f"<{''.join(filter(str.isalnum, subject))}@desk.test>"
        mail.set_content("Plain words: grün.")
        mail.add_alternative("<p>Rich <b>words</b><script>alert(1)</script></p>", subtype="html")
        if attached is not None:
            mail.add_attachment(attached, maintype="text", subtype="plain", filename="sds.txt")
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=5) as client:
            client.send_message(mail, to_addrs=[to])

    def faults(self, **faults: object) -> None:
        httpx.put(f"{self.url}/faults", json=faults).raise_for_status()

    def happened(self, fault: str) -> int:
        return int(httpx.get(f"{self.url}/faults").json()["happened"][fault])

    def count(self) -> int:
        return int(httpx.get(f"{self.url}/count").json()["count"])


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    box = Mailbox(tmp_path / "mail")
    box.start()
    yield box
    box.stop()


def test_a_mail_is_listed_and_read_with_its_file(mailbox: Mailbox) -> None:
    mailbox.send("ole@demo.test", "Ticket #7", attached=b"keep cool")
    mailbox.send("eva@demo.test", "Other")
    items = httpx.get(f"{mailbox.url}/messages", params={"to": "OLE@demo.test"}).json()["items"]
    assert [(i["subject"], i["to"], i["message_id"]) for i in items] == [
        ("Ticket #7", ["ole@demo.test"], "<Ticket7@desk.test>")
    ]
    assert items[0]["from"] == "Desk <support@desk.test>"
    shown = httpx.get(f"{mailbox.url}/messages/{items[0]['id']}").json()
    assert shown["text"].strip() == "Plain words: grün."
    assert shown["attachments"] == [
        {"file_name": "sds.txt", "media_type": "text/plain", "size": len(b"keep cool")}
    ]
    raw = httpx.get(f"{mailbox.url}/messages/{items[0]['id']}/raw")
    assert b"Ticket #7" in raw.content


def test_lists_narrow_by_time_and_message_id(mailbox: Mailbox) -> None:
    mailbox.send("ole@demo.test", "first")
    mailbox.send("ole@demo.test", "second")
    url = f"{mailbox.url}/messages"
    second = httpx.get(url).json()["items"][1]
    since = httpx.get(url, params={"since": second["received_at"]}).json()["items"]
    named = httpx.get(url, params={"message_id": second["message_id"]}).json()["items"]
    assert since == named == [second]


def test_the_page_shows_mails_and_never_runs_their_scripts(mailbox: Mailbox) -> None:
    mailbox.send("ole@demo.test", "<i>Ticket</i>")
    assert "&lt;i&gt;Ticket&lt;/i&gt;" in httpx.get(mailbox.url).text
    page = httpx.get(f"{mailbox.url}/mail/000001")
    assert "<iframe sandbox srcdoc=" in page.text
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_mail_with_broken_headers_is_kept_and_shown(mailbox: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp) as client:
        client.sendmail("a@desk.test", ["b@demo.test"], "Message-ID: <<i>x</i>@d>\nTo: <@\n\ny")
    assert httpx.get(f"{mailbox.url}/mail/000001").status_code == 200
    assert httpx.get(f"{mailbox.url}/messages/000001").json()["text"].strip() == "y"


def test_another_host_name_is_refused(mailbox: Mailbox) -> None:
    assert httpx.get(mailbox.url, headers={"Host": "evil.test"}).status_code == 400


def test_unknown_mails_are_not_found(mailbox: Mailbox) -> None:
    for path in ("/messages/000009", "/messages/..%2findex/raw", "/mail/1", "/messages/x/raw"):
        assert httpx.get(f"{mailbox.url}{path}").status_code == 404


def test_mails_survive_a_restart_and_nothing_was_logged(mailbox: Mailbox) -> None:
    mailbox.send("ole@demo.test", "kept")
    assert mailbox.stop() == b""
    index = mailbox.folder / "index.jsonl"
    index.write_bytes(index.read_bytes() + b'{"id": "cut off by a cra')
    mailbox.start()
    mailbox.send("ole@demo.test", "after")
    subjects = [i["subject"] for i in httpx.get(f"{mailbox.url}/messages").json()["items"]]
    assert subjects == ["kept", "after"]


def test_a_connection_dropped_after_data_leaves_the_mail_accepted(mailbox: Mailbox) -> None:
    mailbox.faults(drop_after_data=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        mailbox.send("ole@demo.test", "unknown")
    assert (mailbox.count(), mailbox.happened("dropped")) == (1, 1)
    mailbox.send("ole@demo.test", "well")
    assert httpx.get(f"{mailbox.url}/message-ids").json() == {
        "<unknown@desk.test>": 1,
        "<well@desk.test>": 1,
    }


def test_silence_after_data_leaves_the_mail_accepted(mailbox: Mailbox) -> None:
    mailbox.faults(hang_after_data=1)
    client = smtplib.SMTP("127.0.0.1", mailbox.smtp, timeout=0.5)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        client.sendmail("a@desk.test", ["b@demo.test"], b"Subject: x\r\n\r\ny")
    client.close()
    assert (mailbox.count(), mailbox.happened("hung")) == (1, 1)


def test_recipients_are_refused_by_pattern_and_code(mailbox: Mailbox) -> None:
    mailbox.faults(refuse={r"^gone@": 550, r"^full@": 452})
    with smtplib.SMTP("127.0.0.1", mailbox.smtp) as client:
        refused = client.sendmail(
            "a@desk.test", ["gone@demo.test", "full@demo.test", "ok@demo.test"], "Subject: x\n\ny"
        )
    assert {who: code for who, (code, _) in refused.items()} == {
        "gone@demo.test": 550,
        "full@demo.test": 452,
    }
    assert httpx.get(f"{mailbox.url}/messages").json()["items"][0]["to"] == ["ok@demo.test"]
    assert mailbox.happened("refused") == 2


def test_it_is_unavailable_for_a_while_then_takes_mail_again(mailbox: Mailbox) -> None:
    mailbox.faults(unavailable_seconds=600)
    with pytest.raises(smtplib.SMTPException):
        mailbox.send("ole@demo.test")
    assert mailbox.happened("unavailable") == 1
    assert httpx.delete(f"{mailbox.url}/faults").status_code == 204
    mailbox.send("ole@demo.test")
    assert mailbox.count() == 1


def test_mails_are_refused_after_data_so_often_and_slowed_down(mailbox: Mailbox) -> None:
    mailbox.faults(refuse_data={"554": 1}, delay_seconds=0.3)
    with pytest.raises(smtplib.SMTPDataError):
        mailbox.send("ole@demo.test")
    begun = time.monotonic()
    mailbox.send("ole@demo.test")
    assert time.monotonic() - begun >= 0.3
    assert (mailbox.count(), mailbox.happened("delayed")) == (1, 2)


def test_faults_that_make_no_sense_are_refused(mailbox: Mailbox) -> None:
    for wrong in ({"refuse": {"(": 550}}, {"refuse": {"a": 200}}, {"delay": 1}):
        assert httpx.put(f"{mailbox.url}/faults", json=wrong).status_code == 422


def test_four_thousand_mails_are_listed_within_a_moment(mailbox: Mailbox) -> None:
    message = "Subject: Re: [#{0}] x\r\nMessage-ID: <{0}@desk.test>\r\n\r\ntext"
    with smtplib.SMTP("127.0.0.1", mailbox.smtp) as client:
        for number in range(4000):
            client.sendmail("a@desk.test", [f"row-{number}@demo.test"], message.format(number))
    begun = time.monotonic()
    items = httpx.get(f"{mailbox.url}/messages").json()["items"]
    one = httpx.get(f"{mailbox.url}/messages?message_id=<3999@desk.test>").json()["items"]
    assert (len(items), len(one), mailbox.count()) == (4000, 1, 4000)
    assert time.monotonic() - begun < 2
