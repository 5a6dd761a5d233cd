"""What a stack left running when its supervisor was killed: found by the mark they all carry."""

import os
import signal
from pathlib import Path

import psutil

from deskstream_tools.local.environment import MARK


def leftovers(data: Path) -> list[psutil.Process]:
    """The stack's processes, children of others among them left out."""
    ours: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == str(data)
        except (psutil.Error, OSError):
            continue  # somebody else's, or gone meanwhile
        if marked and process.pid != os.getpid():
            ours[process.pid] = process
    return [p for p in ours.values() if _parent(p) not in ours]


def end_leftovers(data: Path, seconds: float = 15.0) -> list[str]:
    """End them: a supervisor first, so that it restarts nothing; gives their names."""
    found = leftovers(data)
    supervisors = [p for p in found if "supervisor.supervisord" in _command(p)]
    names = [p.name() for p in found if p.is_running()]
    for process in supervisors:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(supervisors, timeout=5)
    rest = leftovers(data)  # the supervisors' children are orphans now
    names += [p.name() for p in rest if p.is_running()]
    for process in rest:
        fast = process.name() == "postgres"
        _send(process, signal.SIGINT if fast else signal.SIGTERM)
    _, stubborn = psutil.wait_procs(rest, timeout=seconds)
    for process in stubborn:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=5)
    return names


def _send(process: psutil.Process, which: signal.Signals) -> None:
    try:
        process.send_signal(which)
    except psutil.NoSuchProcess:
        return


def _parent(process: psutil.Process) -> int | None:
    try:
        return int(process.ppid())
    except psutil.NoSuchProcess:
        return None


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []
