"""The parts of a stack under `supervisor`: detached, restarted when they die, with back-off."""

import shlex
import signal
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

from deskstream_tools.local.processes import started_at, wait_until

HEAD = """\
[unix_http_server]
file={socket}
chmod=0700
[supervisord]
logfile={logs}/supervisor.log
logfile_maxbytes=5MB
logfile_backups=1
loglevel=info
pidfile={folder}/supervisor.pid
childlogdir={logs}
umask=077
identifier=deskstream
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """\
[program:{name}]
command={command}
directory={where}
environment={environment}
autostart=false
autorestart=true
startsecs=2
startretries=1000000
stopsignal={stop}
stopwaitsecs={patience}
killasgroup=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=1
redirect_stderr=true
{user}
"""
# A part that ends within startsecs is tried again after 1 s, 2 s, 3 s …; one that ran, at once.


@dataclass(frozen=True)
class Part:
    """One process to keep alive."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop: str = "TERM"
    patience: int = 10
    """How long it may take to end before it is killed, in seconds."""
    user: str | None = None


@dataclass(frozen=True)
class PartState:
    """What the supervisor knows of a part. `state` is its word: RUNNING, BACKOFF, STOPPED …"""

    name: str
    state: str
    pid: int | None
    seconds: int
    """How long it has been in this state's run."""


class NotRunning(Exception):
    """There is no supervisor to talk to."""


class Supervisor:
    """The supervisor of one stack, reached by its socket from any process."""

    def __init__(self, folder: Path, socket: Path, logs: Path) -> None:
        self._folder = folder
        self._socket = socket
        self._logs = logs
        self._config = folder / "supervisor.conf"

    def begin(self, parts: Sequence[Part], environment: Mapping[str, str]) -> None:
        """Start it detached with these parts, none of which runs yet."""
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        places = {"folder": self._folder, "logs": self._logs}
        text = HEAD.format(socket=self._socket, **places)
        text += "".join(_program(part, places) for part in parts)
        self._config.touch(mode=0o600)  # it holds the services' secrets
        self._config.write_text(text, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)],
            check=True,
            env=dict(environment),
            capture_output=True,
            cwd="/",
        )
        wait_until(self.running, "the supervisor", seconds=15, log=self._logs / "supervisor.log")

    def running(self) -> bool:
        """Whether it answers."""
        try:
            self._call("getState")
        except NotRunning:
            return False
        return True

    def start(self, *names: str) -> None:
        """Start parts; nothing to do where they run. Does not wait until they serve."""
        for name in names:
            if self.state(name).state not in ("RUNNING", "STARTING", "BACKOFF"):
                self._call("startProcess", name, False)

    def stop(self, *names: str) -> None:
        """Ask parts to end, all at once, and wait; they are not restarted."""
        for name in names:
            if self.state(name).state in ("RUNNING", "STARTING", "BACKOFF"):
                self._call("stopProcess", name, False)
        wait_until(
            lambda: all(self.state(n).state in ("STOPPED", "EXITED", "FATAL") for n in names),
            f"{', '.join(names)} to stop",
        )

    def signal(self, name: str, which: signal.Signals) -> None:
        """Send a signal to a part's process (not its group)."""
        self._call("signalProcess", name, which.name.removeprefix("SIG"))

    def states(self) -> dict[str, PartState]:
        """All parts by name."""
        return {row["name"]: _state(row) for row in self._call("getAllProcessInfo")}

    def state(self, name: str) -> PartState:
        """One part."""
        return _state(self._call("getProcessInfo", name))

    def end(self) -> None:
        """Stop what still runs and the supervisor itself; returns when it is gone.

        Raises NotRunning.
        """
        pid = self._call("getPID")
        begun = started_at(pid)
        self._call("shutdown")
        wait_until(lambda: started_at(pid) != begun, "the supervisor to end")

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, xmlrpc.client.ProtocolError) as gone:
            raise NotRunning(str(self._socket)) from gone
        finally:
            transport.close()


def _program(part: Part, places: Mapping[str, Path]) -> str:
    assert not any("'" in value for value in part.environment.values())
    pairs = [f"{name}='{value}'" for name, value in part.environment.items()]
    return PROGRAM.format(
        name=part.name,
        command=shlex.join(part.command).replace("%", "%%"),
        environment=",".join(pairs).replace("%", "%%"),
        stop=part.stop,
        patience=part.patience,
        user=f"user={part.user}" if part.user else "",
        where="/" if part.user else places["folder"],  # another account may not reach ours
        logs=places["logs"],
    )


def _state(row: Mapping[str, Any]) -> PartState:
    running = row["statename"] in ("RUNNING", "STARTING", "STOPPING")
    return PartState(
        name=row["name"],
        state=row["statename"],
        pid=row["pid"] or None,
        seconds=max(0, row["now"] - row["start"]) if running else 0,
    )
