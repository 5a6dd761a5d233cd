"""Attacks on the way in: starting unsafely, and whatever the installation leaves lying about."""

import asyncio
import csv
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from e2e.people import Desk
from e2e.threats import LATER, THREATS
from sqlalchemy import MetaData, NullPool, create_engine

from deskstream_tools.local.processes import free_port
from deskstream_tools.local.settings import SERVICES
from deskstream_tools.local.stack import Stack
from gateway.infra.db.tables import metadata as gateway_tables
from notifier.infra.db.tables import metadata as notifier_tables
from ticketing.infra.db.tables import metadata as ticketing_tables

ROOT = Path(__file__).parents[2]
SPEC = ROOT.parent / "shared" / "spec" / "threats.csv"
TABLES = {
    "gateway": gateway_tables,
    "ticketing": ticketing_tables,
    "notifier": notifier_tables,
}


def test_every_threat_is_tried_or_waits_for_what_it_would_attack() -> None:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    marks = re.findall(r"@pytest\.mark\.threat\(([^)]+)\)", "\n".join(texts))
    tried = {name for mark in marks for name in re.findall(r'"(\w+)"', mark)}
    assert tried | set(LATER) == set(THREATS)
    assert tried.isdisjoint(LATER)


def test_the_threats_are_those_of_the_specification() -> None:
    if not SPEC.is_file():
        pytest.skip("the specification lies outside the repository and is not here")
    with SPEC.open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == list(THREATS)


def started(stack: Stack, service: str, changes: Mapping[str, str | None]) -> tuple[int, str]:
    """How a service ends that is told this, and what it says; killed where it would go on."""
    told = {**stack.env(service), **{name: value or "" for name, value in changes.items()}}
    for name, value in changes.items():
        if value is None:
            del told[name]
    for port in ("API_PORT", "OPS_PORT"):
        told[f"{service.upper()}_{port}"] = str(free_port())
    with subprocess.Popen(
        [sys.executable, "-m", service, "api"],
        env=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=stack.settings.data,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if '"started"' in line or '"schema_behind"' in line:
                process.kill()
        return process.wait(), said


@pytest.mark.threat("S1")
def test_s1_no_switch_in_the_code_turns_proof_off() -> None:
    words = r"(skip|bypass|disable|mock|fake|dummy|no)_?(auth|login|session|csrf|identity|guard)"
    switch = re.compile(rf"\b{words}\w*\b", re.IGNORECASE)
    harmless = {"no_session", "no_auth_realm"}
    found = []
    for part in ("services/*/src", "libs/*/src"):
        for path in ROOT.glob(f"{part}/**/*.py"):
            if path.name == "testing.py":
                continue
            hits = {hit.group(0).lower() for hit in switch.finditer(path.read_text())} - harmless
            found += [(str(path.relative_to(ROOT)), hit) for hit in sorted(hits)]
    assert found == []


@pytest.mark.threat("S1")
async def test_s1_production_does_not_start_without_https_and_a_foreign_profile_not_at_all(
    desk: Desk, stack: Stack
) -> None:
    tries: tuple[tuple[dict[str, str | None], str], ...] = (
        ({"GATEWAY_PROFILE": "prod", "GATEWAY_CLOCK_OFFSET_FILE": None}, "https"),
        ({"GATEWAY_PROFILE": "noauth"}, "profile"),
        ({"GATEWAY_SIGNING_KEYS_FILE": "/nowhere/keys.json"}, "keys"),
    )
    for changes, named in tries:
        code, said = await asyncio.to_thread(started, stack, "gateway", changes)
        assert code != 0, changes
        assert named in said.lower(), said


@pytest.mark.threat("S7")
async def test_s7_the_gateway_does_not_start_without_the_telephone_systems_secret(
    desk: Desk, stack: Stack
) -> None:
    for told in (None, "{}", '{"3cx": []}', '{"mail": ["Zq8-vR1x_Lm40tYwPc7aBe92"]}'):
        changes = {"GATEWAY_WEBHOOK_SECRETS": told}
        code, said = await asyncio.to_thread(started, stack, "gateway", changes)
        assert code != 0, told
        assert "webhook_secrets" in said.lower(), said


@pytest.mark.threat("S8")
@pytest.mark.parametrize("service", SERVICES)
async def test_s8_the_database_is_as_the_code_knows_it(
    desk: Desk, stack: Stack, service: str
) -> None:
    def differences(tables: MetaData) -> list[object]:
        engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(stack.dsn(service)),
            poolclass=NullPool,
        )
        ours = set(tables.tables)

        def only_ours(name: str | None, kind: str, parents: object) -> bool:
            return kind != "table" or name in ours

        with engine.connect() as connection:
            options = {"include_name": only_ours, "compare_type": True}
            found = list(
                compare_metadata(MigrationContext.configure(connection, opts=options), tables)
            )
        engine.dispose()
        return found

    assert await asyncio.to_thread(differences, TABLES[service]) == []


@pytest.mark.threat("S8")
async def test_s8_a_service_whose_database_is_behind_serves_nothing(
    desk: Desk, stack: Stack
) -> None:
    empty = {"TICKETING_DATABASE_DSN": stack.postgres.dsn("postgres")}
    _, said = await asyncio.to_thread(started, stack, "ticketing", empty)
    assert '"schema_behind"' in said
    assert '"started"' not in said
