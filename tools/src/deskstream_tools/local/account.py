"""PostgreSQL refuses to run as root: here root drops to an account without rights.

Nobody's permissions are loosened for it. Where that account cannot reach a folder (a clone below a
private home), the folder is kept in /var/tmp instead and a link stands in its place.
"""

import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path

ACCOUNT = "nobody"
ELSEWHERE = Path("/var/tmp")  # noqa: S108 - survives a restart of the machine, unlike /tmp


def is_root() -> bool:
    """Whether this process is root, so that servers must run as somebody else."""
    return os.geteuid() == 0


def server_account() -> str | None:
    """The account for PostgreSQL; None where it is our own."""
    return ACCOUNT if is_root() else None


def give(path: Path) -> None:
    """Make a folder the server account's own. Nothing to do unless we are root."""
    if is_root():
        entry = pwd.getpwnam(ACCOUNT)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def reachable(path: Path) -> bool:
    """Whether the server account may walk down to `path` (its own modes do not count)."""
    if not is_root():
        return True
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def server_folder(path: Path) -> Path:
    """An existing private folder for a server's files: `path`, or a link to one in /var/tmp."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return path.resolve()
    if reachable(path):
        path.mkdir(mode=0o700)
        give(path)
        return path
    real = ELSEWHERE / f"deskstream-{_mark(path)}"
    real.mkdir(mode=0o700, exist_ok=True)
    give(real)
    path.unlink(missing_ok=True)
    path.symlink_to(real)
    return real


def remove_server_folder(path: Path) -> None:
    """Remove the folder, wherever it lies. Nothing to do where there is none."""
    if path.exists():
        shutil.rmtree(path.resolve())
    if path.is_symlink():
        path.unlink()


def reachable_copy(tree: Path, name: str) -> Path:
    """`tree`, or a copy of it that the server account can read."""
    if reachable(tree / "any"):
        return tree
    copy = ELSEWHERE / name
    if not copy.exists():
        fresh = copy.with_name(f"{name}.{os.getpid()}")
        shutil.copytree(tree, fresh, symlinks=True)
        fresh.chmod(0o755)
        fresh.rename(copy)
    return copy


def short_folder(of: Path) -> Path:
    """Where a private folder lies whose path is short enough for sockets (107 bytes)."""
    return Path("/tmp") / f"desk-{os.getuid()}-{_mark(of)}"  # noqa: S108 - short by need


def make_short_folder(folder: Path) -> None:
    """Make it. Raises PermissionError where somebody else's folder lies there."""
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise PermissionError(f"{folder} is not ours: remove it, or choose another data folder")


def _mark(path: Path) -> str:
    return hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:10]
