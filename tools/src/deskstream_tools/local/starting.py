"""The way up: what does not wait for each other goes at the same time."""

import asyncio
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from deskstream_events import TOPICS, Topic
from deskstream_tools.local.account import server_account
from deskstream_tools.local.databases import Databases
from deskstream_tools.local.environment import base, database_name, service_environment
from deskstream_tools.local.kafka_jars import java
from deskstream_tools.local.secrets import write_private
from deskstream_tools.local.settings import SERVICES
from deskstream_tools.local.supervised import Part

if TYPE_CHECKING:
    from deskstream_tools.local.stack import Stack


def bring_up(stack: "Stack") -> None:
    """Start all parts of a stack that does not run. Raises what went wrong first."""
    java()
    way = _Way(stack)
    with ThreadPoolExecutor(max_workers=8) as pool:
        broker = pool.submit(way.prepare_kafka)
        store = pool.submit(way.prepare_postgres)
        broker.result()
        store.result()
        stack.supervisor.begin(way.parts(), base(stack.settings))
        topics_made = pool.submit(way.start_kafka)
        mailbox = pool.submit(way.start_mailbox)
        way.start_postgres()
        served = [pool.submit(way.start_service, name, topics_made) for name in SERVICES]
        for part in (mailbox, *served):
            part.result()
        way.feed(topics_made.result())


class _Way:
    def __init__(self, stack: "Stack") -> None:
        self._stack = stack
        self._begun = time.monotonic()

    def _hop(self, text: str) -> None:
        self._stack.say(f"[{time.monotonic() - self._begun:6.2f} s] {text}")

    def prepare_postgres(self) -> None:
        self._stack.postgres.prepare()

    def prepare_kafka(self) -> None:
        self._stack.kafka.prepare()

    def start_postgres(self) -> None:
        self._stack.start("postgres")
        databases = Databases(self._stack.postgres.dsn())
        for service in SERVICES:
            if not databases.exists(database_name(service)):
                databases.create(database_name(service))
        self._hop("PostgreSQL answers")

    def start_kafka(self) -> list[Topic]:
        self._stack.start("kafka")
        settings = self._stack.settings
        from deskstream_tools import topics  # slow to import, and most commands need none

        made = asyncio.run(topics.create(settings.bootstrap, settings.topic_prefix))
        self._hop(f"Kafka answers, {len(made)} topics made")
        if len(made) == len(TOPICS):
            return []
        return asyncio.run(topics.starved(settings.bootstrap, settings.topic_prefix))

    def start_mailbox(self) -> None:
        self._stack.start("mailbox")
        self._hop(f"the mailbox answers: {self._stack.settings.url('mailbox-page')}")

    def start_service(self, service: str, topics_made: "Future[list[Topic]]") -> None:
        self._run(service, "migrate")
        self._hop(f"{service}: schema at head")
        topics_made.result()
        self._stack.supervisor.start(service)
        if service == "gateway":
            self._create_admin()
        self._stack.wait(service)
        self._hop(f"{service} is ready")

    def feed(self, starved: list[Topic]) -> None:
        """Fill consumers that are new, from the stores: their topics have forgotten too much."""
        for topic in starved:
            self._run(topic.owner, "ops", "republish", topic.name)
            self._hop(f"{topic.name} is sent again for a consumer that is new")

    def _create_admin(self) -> None:
        done = self._stack.settings.data / "admin-created"
        if done.exists():
            return
        email = self._stack.settings.admin_email
        arguments = ("admin", "create", email, "--name", "Admin", "--password-stdin")
        self._run("gateway", *arguments, entered=f"{self._stack.admin_password}\n")
        write_private(done, email + "\n")
        self._hop(f"the first admin is {email}")

    def _run(self, service: str, *arguments: str, entered: str | None = None) -> None:
        done = self._stack.run(service, *arguments, entered=entered)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip()[-2000:]
            raise RuntimeError(f"python -m {service} {' '.join(arguments)} failed:\n{said}")

    def parts(self) -> list[Part]:
        """All processes of the stack, as its supervisor knows them."""
        stack = self._stack
        settings = stack.settings
        mailbox = [
            *(sys.executable, "-m", "deskstream_tools.mailbox"),
            *("--folder", str(settings.data / "mail")),
            *("--smtp-port", str(settings.ports["mailbox-smtp"])),
            *("--page-port", str(settings.ports["mailbox-page"])),
        ]
        return [
            Part("postgres", stack.postgres.command(), {}, "INT", 30, server_account()),
            Part("kafka", stack.kafka.command(), {}, "TERM", 20),
            Part("mailbox", mailbox, {}),
            *(
                Part(
                    name,
                    [sys.executable, "-m", name, "all"],
                    service_environment(settings, stack.postgres, name),
                    patience=20,
                )
                for name in SERVICES
            ),
        ]
