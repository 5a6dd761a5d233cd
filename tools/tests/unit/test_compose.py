"""The compose file tells its services the same things as the local stack."""

import re
from pathlib import Path

import pytest

from deskstream_tools.local.environment import service_environment
from deskstream_tools.local.kafka_jars import ROOT
from deskstream_tools.local.postgres import PostgresServer
from deskstream_tools.local.settings import PORTS, SERVICES, StackSettings

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
OF_A_CONTAINER = {"RECEIVE_HOST", "OPS_HOST", "VALKEY_URL"}
"""Set in containers only: there the ops port is reached from outside of the process' host, and
Valkey is one image more; one gateway counts by itself as well."""


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_same_variables_in_containers(service: str, tmp_path: Path) -> None:
    postgres = PostgresServer(tmp_path / "postgres")
    settings = StackSettings(data=tmp_path, topic_prefix="any.")
    mark = f"{service.upper()}_"
    ours = {n.removeprefix(mark) for n in service_environment(settings, postgres, service)}
    theirs = set(re.findall(rf"^  {mark}([A-Z_]+):", COMPOSE, re.MULTILINE))
    assert theirs - OF_A_CONTAINER == ours - {"TOPIC_PREFIX"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_listens_on_the_same_ports_in_containers(service: str) -> None:
    for kind in ("api", "ops"):
        name = f"{service.upper()}_{kind.upper()}_PORT"
        assert f'{name}: "{PORTS[f"{service}-{kind}"]}"' in COMPOSE


def test_no_secret_and_no_moving_tag_stands_in_the_compose_file() -> None:
    assert ":latest" not in COMPOSE
    secrets = re.findall(r"^\s*\w*(?:KEY|PEPPER|PASSWORD): (.+)$", COMPOSE, re.MULTILINE)
    assert secrets
    allowed = (r"\*[a-z-]+", r"&[a-z-]+ \$\{\w+:\?.+\}", r"\$\{\w+:\?.+\}")
    assert [s for s in secrets if not any(re.fullmatch(form, s) for form in allowed)] == []
