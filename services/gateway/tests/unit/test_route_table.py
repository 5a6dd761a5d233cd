"""The route table against the specification, and against itself."""

import csv
from pathlib import Path

import pytest

from deskstream_chassis.access import Role
from gateway.interface.gate.routes import PUBLIC, TABLE, not_yet_served
from gateway.interface.gate.rows import PARAMETERS, parse_access

SPEC = Path(__file__).resolve().parents[4].parent / "shared" / "spec"
STILL_TO_COME = 82
"""How many rows nobody serves yet. This number may only fall."""

SERVED_AND_PUBLIC = {
    "POST /api/auth/factor/verify",
    "POST /api/auth/register",
    "POST /api/auth/login",
    "POST /api/auth/verify-email",
    "POST /api/auth/resend-verification",
    "POST /api/auth/forgot-password",
    "POST /api/auth/reset-password",
    "GET /api/auth/oidc/start",
    "GET /api/auth/oidc/callback",
    "GET /reset-password",
    "GET /verify-email",
    "GET /api/health",
    "HEAD /api/health",
    "GET /api/robots",
    "GET /api/sitemap",
    "GET /api/security-txt",
}


def test_every_row_of_the_specification_stands_in_the_table_with_its_access_and_rate() -> None:
    if not SPEC.is_dir():
        pytest.skip("the specification lies outside the repository and is not here")
    wanted = {}
    for name in ("routes.csv", "routes-extra.csv"):
        with (SPEC / name).open() as file:
            for row in csv.DictReader(file):
                if not row["path"].endswith("*"):  # "no catch-all": its rows are spelt out
                    columns = (row["service"], row["access"], row["rate"])
                    wanted[f"{row['method']} {row['path']}"] = columns
    table = {row.key: (row.upstream, row.access_text, row.rate) for row in TABLE}
    assert {key: table.get(key) for key in wanted} == wanted


def test_the_rows_that_need_a_fresh_proof_are_exactly_these() -> None:
    assert {row.key for row in TABLE if row.step_up} == {
        "POST /api/admin/users/{id}/status",
        "POST /api/admin/users/{id}/reset-factor",
        "POST /api/keys",
        "DELETE /api/keys/{id}",
        "POST /api/keys/{id}/rotate",
        "POST /api/customers/merge",
        "POST /api/customers/{id}/export",
        "GET /api/customers/{id}/export",
        "POST /api/customers/{id}/erase",
    }


def test_no_route_stands_in_the_table_twice() -> None:
    keys = [row.key for row in TABLE]
    assert len(set(keys)) == len(keys)


def test_the_list_of_rows_not_yet_served_names_rows_only_and_never_grows() -> None:
    waiting = not_yet_served()
    assert waiting <= {row.key for row in TABLE}
    assert len(waiting) <= STILL_TO_COME


def test_the_public_rows_are_exactly_these_and_each_has_a_reason() -> None:
    public = {row.key: row for row in TABLE if row.access.public and row.served}
    assert set(public) == SERVED_AND_PUBLIC
    assert all(row.public_reason for row in public.values())
    assert set(PUBLIC) == {row.path for row in TABLE if row.access.public}


def test_every_row_that_is_not_public_asks_for_some_proof() -> None:
    for row in TABLE:
        access = row.access
        proof = access.session or access.scopes or access.webhook
        assert access.public is not bool(proof), row.key


def test_only_get_and_head_are_asked_a_second_time() -> None:
    assert {row.method for row in TABLE if row.idempotent} == {"GET", "HEAD"}


def test_a_row_that_reads_takes_no_body_and_one_that_writes_a_bounded_one() -> None:
    for row in TABLE:
        assert row.body_limit == 0 if not row.unsafe else 0 < row.body_limit <= 26 * 2**20


def test_every_parameter_has_a_known_type() -> None:
    for row in TABLE:
        for segment in row.template.split("/"):
            if "{" in segment:
                assert segment[1:-1].partition(":")[2] in PARAMETERS, row.template


def test_a_state_change_under_session_means_agent_unless_a_viewer_may() -> None:
    assert parse_access("session", "GET", "/x").role is Role.VIEWER
    assert parse_access("session", "POST", "/x").role is Role.AGENT
    assert parse_access("session", "POST", "/x", viewer=True).role is Role.VIEWER


def test_access_is_read_as_it_is_written() -> None:
    both = parse_access("session|api-key:tickets:create", "POST", "/api/tickets")
    assert both.session
    assert both.scopes == {"tickets:create"}
    assert parse_access("cron", "GET", "/api/cron/outbox").scopes == {"cron:outbox"}
    assert parse_access("role:admin|cron", "POST", "/api/sync-products").role is Role.ADMIN
    assert not parse_access("ticket:delete", "DELETE", "/x").scopes
    assert "tickets:view" not in parse_access("ticket:modify", "PUT", "/x").scopes
    with pytest.raises(ValueError, match="unknown access"):
        parse_access("everybody", "GET", "/x")
