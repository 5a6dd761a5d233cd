"""nginx for comparisons: the installed one, else Debian's package unpacked without installing."""

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from deskstream_tools.local.kafka_jars import ROOT
from deskstream_tools.local.processes import free_port, port_answers, stop_process, wait_until

UNPACKED = ROOT / ".cache" / "nginx"
CONFIG = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {rest}
}}
"""
STATIC = "server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }}"
PROXY = """\
server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
  }}"""
"""Plain: all its defaults, which open a connection to the upstream for each request."""
KEEPING = """\
upstream service {{ server 127.0.0.1:{upstream}; keepalive 4; }}
server {{
    listen 127.0.0.1:{port};
    proxy_buffer_size 16k;
    proxy_buffers 4 16k;
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 1s;
      proxy_read_timeout 1s;
    }}
  }}"""
"""As one would set it before services that keep connections open, with short patience."""


class NoNginx(Exception):
    """Neither installed nor to be had as a package."""


def binary() -> Path:
    """The program. Raises NoNginx."""
    if installed := shutil.which("nginx"):
        return Path(installed)
    found = UNPACKED / "usr" / "sbin" / "nginx"
    if not found.exists():
        _unpack()
    return found


def _unpack() -> None:
    UNPACKED.mkdir(parents=True, exist_ok=True)
    try:
        _run("apt-get", "download", "nginx")
        _run("dpkg", "-x", next(UNPACKED.glob("nginx_*.deb")), ".")
    except (OSError, subprocess.SubprocessError, StopIteration) as error:
        raise NoNginx(f"apt-get download and dpkg -x: {type(error).__name__}") from error


def _run(*command: str | Path) -> None:
    subprocess.run(command, cwd=UNPACKED, check=True, capture_output=True, timeout=120)


class Nginx:
    """A context: one worker on a free port of loopback."""

    def __init__(self, folder: Path, rest: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._rest = rest
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def static(cls, folder: Path, body: str) -> "Nginx":
        """Answers everything with the same JSON."""
        return cls(folder, STATIC.replace("{body}", body.replace("{", "{{").replace("}", "}}")))

    @classmethod
    def proxy(cls, folder: Path, upstream: int) -> "Nginx":
        """Passes everything on to a port of loopback."""
        return cls(folder, PROXY.replace("{upstream}", str(upstream)))

    @classmethod
    def keeping(cls, folder: Path, upstream: int) -> "Nginx":
        """Passes on as `proxy`, over HTTP/1.1 and connections that stay open; gives up after 1 s of
        silence."""
        return cls(folder, KEEPING.replace("{upstream}", str(upstream)))

    @property
    def pid(self) -> int:
        """Of the master; the worker is its child."""
        assert self._child is not None
        return self._child.pid

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        path = self._folder / "nginx.conf"
        user = "user nobody nogroup;" if os.geteuid() == 0 else ""
        rest = self._rest.format(port=self.port)
        path.write_text(CONFIG.format(folder=self._folder, rest=rest, user=user))
        log = self._folder / "error.log"
        self._child = subprocess.Popen(
            [binary(), "-p", self._folder, "-e", log, "-c", path], stdin=subprocess.DEVNULL
        )
        wait_until(lambda: port_answers(self.port), "nginx", log=log, child=self._child)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stop_process(self.pid)
