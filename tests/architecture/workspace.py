"""What the architecture tests look at: the checkout's files and services."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ("gateway", "ticketing", "notifier")
LIBRARIES = ("events", "eventstore", "chassis")


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks, and untracked ones that it does not ignore, which still exist."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted({ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()})


def source(service: str) -> Path:
    """The package of a service."""
    return ROOT / "services" / service / "src" / service.replace("-", "_")
