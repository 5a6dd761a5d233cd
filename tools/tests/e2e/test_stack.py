"""The local stack with all its processes: started, hurt, cleaned up."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deskstream_events.topics import TOPICS
from deskstream_tools.local.leftovers import leftovers
from deskstream_tools.local.processes import started_at, wait_until
from deskstream_tools.local.secrets import stack_secrets
from deskstream_tools.local.stack import PARTS, AlreadyRunning, Stack
from deskstream_tools.testing import stack_settings

pytestmark = pytest.mark.timeout(300)
RUN_FOLDER = "DESKSTREAM_TEST_RUN"


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    folder = Path(os.environ[RUN_FOLDER]) / "stack-own"
    folder.mkdir(mode=0o711)
    found = Stack(stack_settings(folder))
    found.up()
    yield found
    found.reset()


def desk(stack: Stack, *arguments: str, entered: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("desk"), *arguments, "--data", str(stack.settings.data)],
        input=entered,
        capture_output=True,
        text=True,
        check=False,
    )


def sign_in(stack: Stack) -> int:
    url = stack.settings.url("gateway-api")
    body = {"email": stack.settings.admin_email, "password": stack.admin_password}
    return httpx.post(f"{url}/api/auth/login", json=body, headers={"Origin": url}).status_code


def test_all_parts_serve_and_the_first_admin_signs_in(own: Stack) -> None:
    assert {name for name, part in own.status().items() if part.serves} == set(PARTS)
    assert own.settings.password_file.read_text().strip() == own.admin_password
    assert own.settings.password_file.stat().st_mode & 0o777 == 0o600
    assert sign_in(own) == 200


def test_the_stack_file_holds_addresses_and_pids_and_no_secret(own: Stack) -> None:
    text = own.settings.stack_file.read_text()
    assert own.admin_password not in text
    assert [k for k, v in stack_secrets(own.settings.data).items() if v in text] == []
    noted = json.loads(text)
    assert noted["addresses"]["gateway-api"] == own.settings.url("gateway-api")
    assert noted["pids"] == {name: own.pid(name) for name in PARTS}


def test_no_secret_stands_on_a_command_line_or_in_a_file_that_others_can_read(own: Stack) -> None:
    secrets = {own.admin_password, *stack_secrets(own.settings.data).values()}
    lines = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True)
    assert [s for s in secrets if s in lines.stdout] == []
    for path in own.settings.data.glob("*"):
        if path.is_file() and path.stat().st_mode & 0o077:
            assert [s for s in secrets if s in path.read_text(errors="replace")] == []


def test_a_second_up_says_that_it_runs(own: Stack) -> None:
    before = {name: own.pid(name) for name in PARTS}
    said = desk(own, "up")
    assert said.returncode == 0
    assert "it already runs" in said.stdout
    with pytest.raises(AlreadyRunning):
        own.up()
    assert {name: own.pid(name) for name in PARTS} == before


def test_status_names_what_runs(own: Stack) -> None:
    said = desk(own, "status")
    assert said.returncode == 0
    assert said.stdout.count("RUNNING") == len(PARTS)


@pytest.mark.parametrize("name", ["mailbox", "gateway", "postgres", "kafka"])
def test_a_part_that_dies_is_restarted(own: Stack, name: str) -> None:
    dead = own.kill(name)
    assert own.pid(name) != dead
    assert own.serves(name)


def test_a_stopped_part_stays_stopped_and_the_rest_serves(own: Stack) -> None:
    own.stop("kafka")
    assert own.status()["kafka"].state.state == "STOPPED"
    assert sign_in(own) == 200
    own.start("kafka")
    assert own.serves("kafka")


def test_down_after_the_supervisor_was_killed_leaves_nothing_and_data_survive(own: Stack) -> None:
    pid = int((own.settings.data / "supervisor.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: started_at(pid) is None, "the supervisor to die")
    assert desk(own, "status").returncode == 3
    assert leftovers(own.settings.data)
    said = desk(own, "down")
    assert "ended what an earlier run left" in said.stdout
    assert leftovers(own.settings.data) == []
    own.up()
    assert sign_in(own) == 200


def test_the_desk_command_asks_the_services(own: Stack) -> None:
    made = desk(own, "key", "create", "--name", "shop", "--scope", "tickets:create")
    assert made.stdout.startswith("ds_live_")
    assert "shop" in desk(own, "key", "list").stdout
    assert json.loads(desk(own, "routes", "--json").stdout)
    assert desk(own, "topics", "list").stdout.count("6 partitions") == len(TOPICS)
    assert "gateway.user.registered.v1" in desk(own, "events", "gateway.user.v1").stdout
    assert own.settings.admin_email not in desk(own, "events", "gateway.user.v1").stdout
    assert desk(own, "events", "no.such.topic").returncode == 2
    for command in ("lag", "parked"):
        assert set(json.loads(desk(own, command, "--json").stdout)) == {
            "gateway",
            "ticketing",
            "notifier",
        }


def test_the_desk_command_lists_accounts_and_keeps_the_last_admin(own: Stack) -> None:
    listed = desk(own, "user", "list").stdout
    assert "role=admin" in listed
    assert own.settings.admin_email not in listed
    assert own.settings.admin_email in desk(own, "user", "list", "--personal").stdout
    kept = desk(own, "user", "suspend", own.settings.admin_email, "--reason", "none")
    assert "last_admin" in kept.stderr
    lost = desk(own, "user", "reset-factor", own.settings.admin_email, "--reason", "none")
    assert "no_factor" in lost.stderr


def test_reset_asks_before_it_drops_anything(own: Stack) -> None:
    kept = desk(own, "reset", entered="n\n")
    assert kept.returncode == 1
    assert own.running()
    assert desk(own, "reset", "--yes").returncode == 0
    assert not own.settings.data.exists()
    assert not own.settings.password_file.exists()
