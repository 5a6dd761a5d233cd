"""Small things about processes: waiting for a condition, stopping, free ports."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

_children: list[subprocess.Popen[bytes]] = []


def wait_until(
    holds: Callable[[], bool],
    what: str,
    *,
    seconds: float = 60.0,
    log: Path | None = None,
    child: "subprocess.Popen[bytes] | None" = None,
) -> None:
    """Poll until `holds`. Raises RuntimeError when the time is over or `child` ended before."""
    if child is not None:
        _children.append(child)  # it outlives us on purpose
    end = time.monotonic() + seconds
    while not holds():
        ended = child is not None and child.poll() is not None
        if ended or time.monotonic() > end:
            why = "it ended at once" if ended else f"not within {seconds:.0f} s"
            raise RuntimeError(f"{what}: {why}{_tail(log)}")
        time.sleep(0.02)


def _tail(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
    return "\n".join([f"; the end of {log}:", *lines])


def started_at(pid: int) -> float | None:
    """When the process began; None where there is none (a zombie is none, and reaped if ours)."""
    _reap()
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.create_time()
    except psutil.NoSuchProcess:
        return None


def stop_process(pid: int, how: signal.Signals = signal.SIGTERM, seconds: float = 20.0) -> bool:
    """Ask a process to end, wait, and kill it where it does not. It need not be a child.

    True where it ended by itself.
    """
    begun = started_at(pid)
    if begun is None:
        return True
    for ask, patience in ((how, seconds), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, ask)
        except ProcessLookupError:
            return ask is how
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if started_at(pid) != begun:
                return ask is how
            time.sleep(0.02)
    return False


def _reap() -> None:
    for child in list(_children):
        if child.poll() is not None:
            _children.remove(child)


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_taken(port: int) -> bool:
    """Whether somebody listens there on loopback, or the port may not be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def port_answers(port: int) -> bool:
    """Whether a connection to loopback is taken."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
