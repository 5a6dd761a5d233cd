"""A whole installation on one machine: start it, look at it, hurt it, stop it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from deskstream_tools.local.account import is_root
from deskstream_tools.local.environment import base, database_name, service_environment
from deskstream_tools.local.kafka import KafkaServer
from deskstream_tools.local.leftovers import end_leftovers
from deskstream_tools.local.locks import locked
from deskstream_tools.local.postgres import PostgresServer
from deskstream_tools.local.processes import port_answers, started_at, wait_until
from deskstream_tools.local.ready import answers_ok
from deskstream_tools.local.secrets import password, write_private
from deskstream_tools.local.settings import SERVICES, StackSettings
from deskstream_tools.local.starting import bring_up
from deskstream_tools.local.supervised import NotRunning, PartState, Supervisor

PARTS = ("postgres", "kafka", "mailbox", *SERVICES)
GIVE_UP_AFTER = 3
"""Starts that fail at once before `wait` gives up; the supervisor itself never does."""
Say = Callable[[str], None]

MAIL = {"smtp": "mailbox-smtp", "mail-in": "mail-in"}
"""Where mails of ours go, and where mail to us is taken."""


class AlreadyRunning(Exception):
    """The stack of this data folder runs; nothing was done."""


@dataclass(frozen=True)
class PartStatus:
    """A part as seen from outside: the supervisor's word, and whether it serves."""

    state: PartState
    serves: bool


class Stack:
    """One installation, by its settings. Also a context manager: up on entry, down on exit.

    All methods block. Parts are `postgres`, `kafka`, `mailbox`, `gateway`, `ticketing`, `notifier`.
    """

    def __init__(self, settings: StackSettings, say: Say = lambda _: None) -> None:
        self.settings = settings
        self.say = say
        self.logs = settings.data / "logs"
        self.postgres = PostgresServer(settings.data / "postgres", durable=settings.durable)
        ports = settings.ports
        self.kafka = KafkaServer(settings.data / "kafka", ports["kafka"], ports["kafka-controller"])
        socket = self.postgres.sockets.parent / "supervisor"
        self.supervisor = Supervisor(settings.data, socket, self.logs)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    def up(self) -> None:
        """Start everything and return when all serve.

        Raises AlreadyRunning; Unusable for taken ports; Missing without Java or Maven;
        RuntimeError with the end of a log where a part does not come up (all is stopped again).
        """
        passable = 0o711 if is_root() else 0o700  # PostgreSQL's account must walk through
        self.settings.data.mkdir(parents=True, exist_ok=True, mode=passable)
        with locked(self.settings.data / "lock"):
            if self.running():
                raise AlreadyRunning(str(self.settings.data))
            self.clean_up()
            self.settings.check_ports()
            self.settings.remember()
            try:
                bring_up(self)
            except BaseException:
                self._stop()
                raise
            self.note()

    def down(self) -> None:
        """Stop everything, also what a crash left behind. Data stay."""
        if self.settings.data.exists():
            with locked(self.settings.data / "lock"):
                self._stop()

    def reset(self) -> None:
        """Stop everything and drop the data."""
        self.down()
        self.postgres.remove()
        shutil.rmtree(self.settings.data, ignore_errors=True)
        for left in (self.settings.stack_file, self.settings.password_file):
            left.unlink(missing_ok=True)

    def running(self) -> bool:
        """Whether its supervisor answers."""
        return self.supervisor.running()

    def status(self) -> dict[str, PartStatus]:
        """All parts; empty where the stack does not run."""
        try:
            states = self.supervisor.states()
        except NotRunning:
            return {}
        return {name: PartStatus(states[name], self.serves(name)) for name in PARTS}

    def serves(self, name: str) -> bool:
        """Whether a part does its work: takes connections, or says that it is ready."""
        if name == "postgres":
            return self.postgres.answers()
        if name == "kafka":
            return self.kafka.answers()
        ports = self.settings.ports
        if name == "mailbox":
            return port_answers(ports["mailbox-smtp"]) and port_answers(ports["mailbox-page"])
        ready = answers_ok(f"{self.settings.url(f'{name}-ops')}/readyz")
        return ready and port_answers(ports[f"{name}-api"])

    def start(self, name: str, *, wait: bool = True) -> None:
        """Start one part that was stopped."""
        self.supervisor.start(name)
        if wait:
            self.wait(name)

    def stop(self, name: str) -> None:
        """Stop one part cleanly; it stays stopped until `start`."""
        self.supervisor.stop(name)

    def restart(self, name: str) -> None:
        """Stop one part cleanly, start it, wait until it serves."""
        self.stop(name)
        self.start(name)

    def kill(self, name: str, *, wait: bool = True) -> int:
        """SIGKILL one part and (by default) wait until its successor serves; gives the dead pid.

        It is the supervisor that restarts it.
        """
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: started_at(pid) is None, f"{name} to die")
        if wait:  # a dying process may still hold its port: first see the successor
            wait_until(
                lambda: self.supervisor.state(name).pid not in (None, pid), f"{name}'s successor"
            )
            self.wait(name)
        return pid

    def pid(self, name: str) -> int:
        """The pid of a part. Raises NotRunning where it has none just now."""
        found = self.supervisor.state(name).pid
        if found is None:
            raise NotRunning(name)
        return found

    def wait(self, name: str, seconds: float = 90.0) -> None:
        """Wait until a part serves. Raises RuntimeError with the end of its log, soon where it
        ends again and again."""
        log = self.logs / f"{name}.log"
        tries = 0
        was_back_off = False

        def serves() -> bool:
            nonlocal tries, was_back_off
            back_off = self.supervisor.state(name).state == "BACKOFF"
            tries += back_off and not was_back_off
            was_back_off = back_off
            return tries >= GIVE_UP_AFTER or self.serves(name)

        wait_until(serves, name, seconds=seconds, log=log)
        if tries >= GIVE_UP_AFTER:
            wait_until(lambda: False, f"{name} ends again and again", seconds=0, log=log)

    def env(self, service: str) -> Mapping[str, str]:
        """What a service of this stack is told by its environment."""
        return {
            **base(self.settings),
            **service_environment(self.settings, self.postgres, service),
        }

    def dsn(self, service: str) -> str:
        """The address of a service's database."""
        return self.postgres.dsn(database_name(service))

    def run(
        self, service: str, *arguments: str, entered: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`python -m SERVICE …` with the stack's environment, to its end; never raises."""
        return subprocess.run(
            [sys.executable, "-m", service, *arguments],
            env=dict(self.env(service)),
            input=entered if entered is not None else "",
            capture_output=True,
            text=True,
            check=False,
            cwd=self.settings.data,
        )

    @property
    def admin_password(self) -> str:
        """The first admin's password; made before he is."""
        return password(self.settings.data / "admin-password")

    def note(self) -> None:
        """Write addresses and pids to `out/stack.json`, the admin's password beside it."""
        settings = self.settings
        urls = ("gateway-api", "mailbox-page", *(f"{name}-ops" for name in SERVICES))
        value = {
            "data": str(settings.data),
            "logs": str(self.logs),
            "topic_prefix": settings.topic_prefix,
            "addresses": {name: settings.url(name) for name in urls}
            | {"kafka": settings.bootstrap}
            | {name: f"127.0.0.1:{settings.ports[port]}" for name, port in MAIL.items()},
            "databases": {name: self.dsn(name) for name in SERVICES},
            "admin": {"email": settings.admin_email, "password": str(settings.password_file)},
            "pids": {name: s.pid for name, s in self.supervisor.states().items()},
        }
        settings.out.mkdir(parents=True, exist_ok=True)
        settings.stack_file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
        write_private(settings.password_file, self.admin_password + "\n")

    def clean_up(self) -> None:
        """End what an earlier run left behind when its supervisor was killed."""
        if ended := end_leftovers(self.settings.data):
            self.say(f"ended what an earlier run left: {', '.join(sorted(set(ended)))}")

    def _stop(self) -> None:
        try:
            self.supervisor.stop("mailbox", *SERVICES)
            self.supervisor.stop("kafka", "postgres")
            self.supervisor.end()
        except NotRunning:
            self.clean_up()
        self.kafka.keep_archive(clean=not self.kafka.answers())
        self.postgres.remove_sockets()
        self.settings.stack_file.unlink(missing_ok=True)
