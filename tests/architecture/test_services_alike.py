"""The services have the same rooms, names and README headings."""

import importlib
import json
import re
from pathlib import Path

import pytest
from architecture.workspace import ROOT, SERVICES, source

from deskstream_events import TOPICS

FILES = ("__main__.py", "bootstrap.py", "settings.py", "testing.py", "py.typed")
ROOMS = ("domain", "application", "infra", "interface")
HEADINGS = ["Owns", "Publishes", "Follows", "Endpoints", "Run"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_usual_files_and_rooms(service: str) -> None:
    package = source(service)
    assert [f for f in FILES if not (package / f).is_file()] == []
    assert [r for r in ROOMS if not (package / r).is_dir()] == []
    entries = {p.name for p in package.iterdir() if p.name != "__pycache__"}
    assert entries - {*FILES, *ROOMS, "__init__.py"} == set()
    assert (ROOT / "services" / service / "migrations").is_dir()


@pytest.mark.parametrize("service", SERVICES)
def test_its_tests_lie_in_layers(service: str) -> None:
    tests = ROOT / "services" / service / "tests"
    folders = {p.name for p in tests.iterdir() if p.is_dir() and not p.name.startswith("__")}
    assert {"unit", "adapters", "interface"} <= folders


@pytest.mark.parametrize("service", SERVICES)
def test_its_readme_has_the_usual_headings_in_order(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    found = [h for h in re.findall(r"^## (.+)$", text, re.MULTILINE) if h in HEADINGS]
    assert found == HEADINGS


@pytest.mark.parametrize("service", SERVICES)
def test_its_settings_are_frozen_and_carry_its_prefix(service: str) -> None:
    module = importlib.import_module(f"{service}.settings")
    config = module.Settings.model_config
    assert config["env_prefix"] == f"{service.upper()}_"
    assert config["frozen"] is True


@pytest.mark.parametrize("service", SERVICES)
def test_settings_are_read_in_bootstrap_only(service: str) -> None:
    allowed = {"bootstrap.py", "settings.py", "__main__.py", "testing.py"}
    readers = {
        p.relative_to(source(service)).as_posix()
        for p in source(service).rglob("*.py")
        if f"{service}.settings" in p.read_text(encoding="utf-8")
    }
    assert readers <= allowed


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_in_the_compose_file(service: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.search(rf"^  {service}(-api|-worker)?:$", text, re.MULTILINE)


@pytest.mark.parametrize("service", SERVICES)
def test_it_follows_just_the_topics_that_the_catalogue_says(service: str) -> None:
    names = {c for t in TOPICS for c in t.consumers if c.split(".")[0] == service}
    texts = "\n".join(
        p.read_text(encoding="utf-8") for p in (source(service) / "interface").rglob("*.py")
    )
    found = set(re.findall(rf'Consumer\(\s*"({service}\.[a-z_]+)"', texts))
    assert found == names


def publishers(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    return {t.stream_type for t in TOPICS if f'"{t.stream_type}"' in text}


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_owner_names_an_aggregates_stream_type(service: str) -> None:
    own = {t.stream_type for t in TOPICS if t.owner == service}
    foreign = {
        (p.name, name) for p in source(service).rglob("*.py") for name in publishers(p) - own
    }
    assert foreign == set()


def test_committed_json_is_valid() -> None:
    for name in ("docs/asyncapi.json", "docs/openapi.json"):
        json.loads((ROOT / name).read_text(encoding="utf-8"))
