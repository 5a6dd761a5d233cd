"""pytest fixtures: one real PostgreSQL and one real Kafka per test run, shared by its processes.

The run's owner (pytest, or xdist's controller) has a folder; whichever process needs a server first
starts it there under a lock; the owner stops all at the end. What a killed run left behind is
stopped by the next one. With `DESKSTREAM_INFRA=containers` testcontainers provide both.

`stack` is a whole installation of the run's own: fresh data, free ports, profile `test`.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from deskstream_tools.issuer import CLIENT, SECRET
from deskstream_tools.local.databases import Databases
from deskstream_tools.local.kafka import KafkaServer
from deskstream_tools.local.locks import locked
from deskstream_tools.local.postgres import PostgresServer
from deskstream_tools.local.processes import free_port, started_at
from deskstream_tools.local.settings import SERVICES, StackSettings
from deskstream_tools.local.stack import Stack

RUN = "DESKSTREAM_TEST_RUN"
INFRA = "DESKSTREAM_INFRA"


class Fresh(Protocol):
    """Gives the address of a new database, dropped after the test.

    `prepare(dsn)` fills a template once per run; every later database of that `name` is a copy.
    """

    def __call__(
        self, prepare: Callable[[str], None] | None = None, *, name: str | None = None
    ) -> str: ...


def pytest_configure(config: pytest.Config) -> None:
    """Own the run unless another pytest process does."""
    if RUN not in os.environ:
        _sweep()
        os.environ[RUN] = tempfile.mkdtemp(prefix=f"desk-run-{os.getpid()}-", dir="/tmp")
        Path(os.environ[RUN]).chmod(0o711)
        config.add_cleanup(_end_run)


def _end_run() -> None:
    _stop_all(Path(os.environ.pop(RUN)))


def _sweep() -> None:
    for left in Path("/tmp").glob("desk-run-*"):
        owner = re.match(r"desk-run-(\d+)-", left.name)
        if owner and left.stat().st_uid == os.getuid() and started_at(int(owner.group(1))) is None:
            _stop_all(left)


def _stop_all(run: Path) -> None:
    if (run / "postgres").exists():
        PostgresServer(run / "postgres").remove()
    if (run / "kafka.json").exists():
        _kafka(run).remove()
    for data in run.glob("stack*/data"):
        if settings := StackSettings.known(data):
            Stack(settings).reset()
    shutil.rmtree(run, ignore_errors=True)


def _kafka(run: Path) -> KafkaServer:
    note = run / "kafka.json"
    if not note.exists():
        note.write_text(json.dumps([free_port(), free_port()]))
    port, controller = json.loads(note.read_text())
    return KafkaServer(run / "kafka", port, controller)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """The run's PostgreSQL server."""
    if os.environ.get(INFRA) == "containers":
        from testcontainers.postgres import PostgresContainer

        with PostgresContainer("postgres:18", driver=None) as container:
            yield Databases(container.get_connection_url())
        return
    run = Path(os.environ[RUN])
    server = PostgresServer(run / "postgres", durable=False)
    with locked(run / "postgres.lock"):
        server.start()
    yield Databases(server.dsn())


@pytest.fixture
def postgres_dsn(postgres: Databases) -> Iterator[Fresh]:
    """A factory of fresh databases: `postgres_dsn()` is empty, `postgres_dsn(migrate)` migrated."""
    made: list[str] = []

    def fresh(prepare: Callable[[str], None] | None = None, *, name: str | None = None) -> str:
        template = "template0"
        if prepare is not None:
            label = name or f"{prepare.__module__}_{prepare.__qualname__}"
            label = re.sub(r"\W+", "_", label).lower()[-40:]
            template = postgres.template(label, prepare, Path(os.environ[RUN]) / f"{label}.lock")
        database = f"t_{uuid4().hex[:16]}"
        made.append(database)
        return postgres.create(database, template=template)

    yield fresh
    for database in made:
        postgres.drop(database)


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """The run's Kafka broker, `host:port`. Topics are never created by themselves."""
    if os.environ.get(INFRA) == "containers":
        from testcontainers.kafka import KafkaContainer

        image = KafkaContainer("apache/kafka-native:4.3.1")
        with image.with_kraft().with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false") as container:
            yield container.get_bootstrap_server()
        return
    run = Path(os.environ[RUN])
    with locked(run / "kafka.lock"):
        server = _kafka(run)
        server.start()
    yield server.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups that no other test uses, ending in a dot."""
    return f"t{uuid4().hex[:10]}."


def stack_settings(folder: Path) -> StackSettings:
    """A stack for tests below `folder`: 1 s to undo, a clock to set, spans in `traces/`."""
    data = folder / "data"
    common = {"PROFILE": "test", "CLOCK_OFFSET_FILE": str(data / "clock-offset")}
    own = {
        name: {**common, "TRACE_FILE": str(data / "traces" / f"{name}.jsonl")} for name in SERVICES
    }
    own["ticketing"]["UNDO_SECONDS"] = "1"
    own["gateway"]["TRUSTED_PROXIES"] = "127.0.0.1/32"  # a test's client may have its own address
    own["gateway"] |= {
        "OIDC_ISSUER": f"http://127.0.0.1:{free_port()}",  # asked for at a sign-in only
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
    }
    found = StackSettings(
        data=data,
        out=folder / "out",
        topic_prefix=f"e{uuid4().hex[:8]}.",
        durable=False,
        environment=own,
    )
    return found.with_free_ports()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The run's installation, started at the first use; a test that hurts it must heal it."""
    folder = Path(tempfile.mkdtemp(prefix="stack-", dir=os.environ[RUN]))
    folder.chmod(0o711)
    settings = stack_settings(folder)
    (settings.data / "traces").mkdir(parents=True)
    with Stack(settings) as running:
        yield running
