"""Set-up of a checkout: `make setup`, run by the machine's own Python with `tools/src` on its path.

Makes `.venv`, installs the lock with its hashes and the members on top without dependencies, and
fetches Kafka's jars meanwhile. Does only what changed since the last time. Standard library only.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

from deskstream_tools.local.kafka_jars import ROOT, Missing, jars, java, maven
from deskstream_tools.local.locks import locked

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = "uv==0.13.9"
STAMP = VENV / "deskstream-installed"
MEMBERS = [
    ROOT / folder
    for folder in (
        *("libs/events", "libs/eventstore", "libs/chassis"),
        *("services/gateway", "services/ticketing", "services/notifier", "tools"),
    )
]


def main() -> int:
    """Set up; 0 where all is ready, 1 with what is missing."""
    began = time.monotonic()
    with locked(ROOT / ".cache" / "setup.lock"):
        try:
            java()
            maven()
            fetching = _Fetching()
            if STAMP.exists() and STAMP.read_text() == _wanted():
                done = "nothing to install"
            else:
                _install()
                done = f"installed in {time.monotonic() - began:.1f} s"
            fetching.wait()
        except Missing as missing:
            print(missing, file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as failed:
            command = " ".join(map(str, failed.cmd))
            print(f"set-up stopped at: {command}\n{failed.stderr or ''}", file=sys.stderr)
            return 1
        except RuntimeError as failed:
            print(failed, file=sys.stderr)
            return 1
    print(f"set-up: {done}")
    return 0


class _Fetching:
    """Kafka's jars, fetched beside the installation."""

    def __init__(self) -> None:
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            jars()
        except (Missing, RuntimeError, OSError) as failure:
            self._failure = failure

    def wait(self) -> None:
        """Until they are there. Raises what went wrong."""
        self._thread.join()
        if self._failure is not None:
            raise RuntimeError(f"Kafka's jars: {self._failure}")


def _wanted() -> str:
    """What is to be installed, as a digest: interpreter, lock, the members' metadata."""
    parts = [sys.version.encode(), str(ROOT).encode()]
    parts += [(ROOT / "requirements.lock").read_bytes()]
    parts += [(member / "pyproject.toml").read_bytes() for member in MEMBERS]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _install() -> None:
    if PYTHON.exists() and not _usable():
        shutil.rmtree(VENV)  # made by another Python, or moved here from elsewhere
    if not PYTHON.exists():
        _say("making .venv")
        venv.create(VENV, with_pip=True)
    STAMP.unlink(missing_ok=True)
    if not (VENV / "bin" / "uv").exists():
        _say("installing uv")
        _run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)
    uv = VENV / "bin" / "uv"
    _say("installing the lock, hashes required")
    _run(uv, "pip", "install", "--quiet", "--require-hashes", "-r", ROOT / "requirements.lock")
    _say("installing the members")
    editable = [word for member in MEMBERS for word in ("-e", str(member))]
    _run(uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", *editable)
    STAMP.write_text(_wanted())


def _usable() -> bool:
    """Whether the environment runs this Python and knows this place."""
    said = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.version, sys.prefix, sep='\\n')"],
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode != 0 or f"{sys.version}\n{VENV}" != said.stdout.strip():
        return False
    pip = VENV / "bin" / "pip"
    return pip.exists() and str(VENV) in pip.read_text(errors="replace").splitlines()[0]


def _run(*command: "str | Path") -> None:
    env = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    env.pop("PYTHONPATH", None)
    subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT)


def _say(text: str) -> None:
    print(f"set-up: {text}", flush=True)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - the machine's Python runs this
        sys.exit("Python 3.11 or newer is needed: make setup PYTHON=python3.11")
    sys.exit(main())
