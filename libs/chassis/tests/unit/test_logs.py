"""Logs: JSON lines of allow-listed fields, and nothing that looks like a person."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog

from deskstream_chassis.logs import ALLOWED, configure_logs, log, scrub, where


@pytest.fixture
def lines() -> Iterator[Any]:
    """Logging into a buffer; reads back what was written as JSON."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    out = io.StringIO()
    configure_logs("tests", "1.2.3", "debug", out)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_has_time_level_and_service(lines: Any) -> None:
    log.info("reply released", ticket_number=4)
    (line,) = lines()
    assert line["timestamp"].endswith("Z")
    assert {k: v for k, v in line.items() if k != "timestamp"} == {
        "level": "info",
        "event": "reply released",
        "service.name": "tests",
        "service.version": "1.2.3",
        "ticket_number": 4,
    }


def test_a_field_that_is_not_allowed_is_dropped_and_named(lines: Any) -> None:
    log.info("mail sent", email="anna@shop.example", subject="my order", mail_id="m1")
    (line,) = lines()
    assert line["dropped"] == "email,subject"
    assert "anna" not in json.dumps(line)
    assert "order" not in json.dumps(line)


def test_no_allowed_field_is_named_like_a_person_s() -> None:
    forbidden = ("mail_address", "email", "phone", "body", "subject", "recipient", "path", "query")
    assert not [name for name in ALLOWED if name in forbidden or name.endswith("_name")]


@pytest.mark.parametrize(
    "personal",
    ["anna.meier@shop.example", "Anna <a@b.c>", "+49 30 901820", "030/901820-7", "(030) 90 18 20 7",
     "4111 1111 1111 1111", "DE tel 01701234567"],
)  # fmt: skip
def test_the_backstop_removes_what_looks_personal_from_allowed_fields(
    lines: Any, personal: str
) -> None:
    log.info(f"note {personal}", reason=personal, code=f"x {personal} y")
    text = json.dumps(lines())
    for part in ("anna.meier", "a@b.c", "901820", "90 18 20", "1111", "1234567"):
        assert part not in text


def test_ids_times_and_counts_pass_the_backstop(lines: Any) -> None:
    id_ = str(uuid4())
    log.info("a", ticket_id=id_, position=1234567890, where="app.py:12345678", seconds=1234567.5)
    (line,) = lines()
    assert (line["ticket_id"], line["position"]) == (id_, 1234567890)
    support = "user:00000000-0000-7000-8000-000000000001"
    assert scrub(f"{support} {id_.upper()}") == f"{support} {id_.upper()}"
    assert scrub("version 12.3 of 2026") == "version 12.3 of 2026"
    assert scrub("2026-11-25") != ""


def test_an_exception_is_told_by_place_without_its_message(lines: Any) -> None:
    try:
        raise ValueError("anna@shop.example")
    except ValueError as error:
        place = where(error)
    assert place.startswith("test_logs.py:")
    assert "anna" not in place


@pytest.mark.parametrize(
    "name", ["uvicorn.error", "granian", "aiokafka.consumer", "faststream", "asyncpg", "sqlalchemy"]
)
def test_libraries_speak_through_our_lines_without_their_arguments(lines: Any, name: str) -> None:
    library = logging.getLogger(name)
    try:
        raise ValueError("anna@shop.example")
    except ValueError:
        library.error("failed for %s", "anna@shop.example", exc_info=True)
    library.info("chatter")
    (line,) = lines()
    assert (line["logger"], line["level"], line["event"]) == (name, "error", "failed for %s")
    assert line["error_code"] == "ValueError"
    assert "anna" not in json.dumps(line)


@pytest.mark.parametrize("name", ["uvicorn.access", "granian.access", "mail.log"])
def test_access_logs_of_libraries_are_silent(lines: Any, name: str) -> None:
    logging.getLogger(name).error('"GET /api/users?email=anna@shop.example"')
    assert lines() == []


def test_a_library_s_own_text_passes_the_backstop_too(lines: Any) -> None:
    logging.getLogger("asyncpg").warning("Key (email)=(anna@shop.example) exists")
    assert "anna" not in json.dumps(lines())


def test_bound_context_is_on_every_line(lines: Any) -> None:
    structlog.contextvars.bind_contextvars(correlation_id="c-1", actor_id="user:1", email="a@b.c")
    log.warning("late")
    (line,) = lines()
    assert (line["correlation_id"], line["actor_id"]) == ("c-1", "user:1")
    assert "a@b.c" not in json.dumps(line)
