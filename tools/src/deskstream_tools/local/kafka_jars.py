"""Kafka's jars, fetched once by Maven into the checkout's cache, and the Java that runs them.

Standard library only: set-up uses it before anything is installed.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from deskstream_tools.local.locks import locked

ROOT = Path(__file__).resolve().parents[4]
POM = ROOT / "deploy" / "local" / "kafka" / "pom.xml"
CACHE = ROOT / ".cache"
OLDEST_JAVA = 17


class Missing(Exception):
    """Something that must be installed by hand is not there; the text says what and how."""


def java() -> str:
    """The java to use: JAVA_HOME's, else the path's. Raises Missing where none is new enough."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    how = f"install a JDK {OLDEST_JAVA} or newer (Debian: apt install openjdk-17-jdk-headless)"
    if not found or not Path(found).exists():
        raise Missing(f"Java is missing, Kafka needs it: {how}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version.group(1)) < OLDEST_JAVA:
        raise Missing(f"{found} is too old for Kafka: {how}, or point JAVA_HOME to one")
    return found


def maven() -> str:
    """The Maven to use. Raises Missing."""
    found = shutil.which("mvn")
    if found is None:
        raise Missing("Maven is missing, Kafka's jars come by it (Debian: apt install maven)")
    return found


def jars() -> Path:
    """The folder of Kafka's jars; fetched where they are not in the cache.

    Raises Missing without Maven, RuntimeError where Maven fails.
    """
    version = _version()
    ready = CACHE / f"kafka-{version}"
    with locked(CACHE / "kafka.lock"):
        if not ready.exists():
            _fetch(ready)
    return ready / "libs"


def archive() -> Path:
    """Where the class-data archive lies once a server has written it: starts a second sooner."""
    return CACHE / f"kafka-{_version()}" / "classes.jsa"


def _version() -> str:
    found = re.search(r"kafka_2\.13</artifactId>\s*<version>([^<]+)", POM.read_text("utf-8"))
    assert found, f"no Kafka version in {POM}"
    return found.group(1)


def _fetch(ready: Path) -> None:
    fresh = ready.with_suffix(".fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={fresh / 'libs'}"]
    done = subprocess.run(
        [maven(), "-B", "-q", "-f", str(POM), *goal], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"Maven could not fetch Kafka:\n{(done.stdout + done.stderr)[-2000:]}")
    fresh.rename(ready)
