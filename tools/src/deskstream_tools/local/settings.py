"""Where a local stack lives and what it listens on. Everything can be set, nothing is shared."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

from deskstream_tools.local.kafka_jars import ROOT
from deskstream_tools.local.processes import free_port, port_is_taken

SERVICES = ("gateway", "ticketing", "notifier")
PORTS: Mapping[str, int] = {
    "gateway-api": 8400,
    "gateway-ops": 8401,
    "ticketing-api": 8410,
    "ticketing-ops": 8411,
    "notifier-api": 8420,
    "notifier-ops": 8421,
    "mail-in": 8422,
    "mailbox-smtp": 8480,
    "mailbox-page": 8481,
    "kafka": 8490,
    "kafka-controller": 8491,
}
PREFIX = "DESKSTREAM_"


class Unusable(Exception):
    """A setting cannot be used; the text names it and says what to do."""


@dataclass(frozen=True)
class StackSettings:
    """One local installation. Two with different `data` and ports run side by side."""

    data: Path = ROOT / ".data" / "main"
    out: Path = ROOT / ".out"
    topic_prefix: str = ""
    ports: Mapping[str, int] = field(default_factory=lambda: dict(PORTS))
    mail_domain: str = "desk.test"
    admin_email: str = "admin@desk.test"
    durable: bool = True
    """Whether PostgreSQL flushes to disk; tests that kill no machine need not."""
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Settings of single services on top, by service, without its prefix:
    `{"ticketing": {"UNDO_SECONDS": "1"}}`; empty values take a setting away."""

    @classmethod
    def from_environment(cls) -> Self:
        """The defaults, changed by DESKSTREAM_DATA, _OUT, _PREFIX and _PORT_<NAME>, and by the
        services' own variables (`TICKETING_UNDO_SECONDS`). Raises Unusable."""
        found = cls()
        names = {name: f"{PREFIX}PORT_{name.upper().replace('-', '_')}" for name in PORTS}
        ports = {name: os.environ[name_] for name, name_ in names.items() if name_ in os.environ}
        return replace(
            found,
            data=Path(os.environ.get(f"{PREFIX}DATA") or found.data).resolve(),
            out=Path(os.environ.get(f"{PREFIX}OUT") or found.out).resolve(),
            topic_prefix=os.environ.get(f"{PREFIX}PREFIX", found.topic_prefix),
            environment={service: _own(service) for service in SERVICES},
        ).with_ports(ports)

    def with_ports(self, wanted: Mapping[str, int | str]) -> Self:
        """The same with some ports changed. Raises Unusable on an unknown name or no number."""
        for name, value in wanted.items():
            if name not in PORTS:
                raise Unusable(f"no port is called {name!r}; there are {', '.join(PORTS)}")
            if not str(value).isdigit() or not 0 < int(value) < 65536:
                raise Unusable(f"port {name}: {value!r} is no port number")
        return replace(self, ports={**self.ports, **{n: int(v) for n, v in wanted.items()}})

    def with_free_ports(self) -> Self:
        """The same on ports that nobody uses now."""
        found: set[int] = set()
        while len(found) < len(PORTS):
            found.add(free_port())
        return replace(self, ports=dict(zip(PORTS, sorted(found), strict=True)))

    def check_ports(self) -> None:
        """Raises Unusable naming each port that others hold, and the setting that changes it."""
        taken = [(name, port) for name, port in self.ports.items() if port_is_taken(port)]
        if taken:
            lines = [
                f"  port {port} ({name}) is taken: --port {name}=NUMBER or "
                f"{PREFIX}PORT_{name.upper().replace('-', '_')}=NUMBER chooses another"
                for name, port in taken
            ]
            raise Unusable("\n".join(["somebody else listens here:", *lines, FREE]))

    def url(self, port: str) -> str:
        """The loopback address of a port by name."""
        return f"http://127.0.0.1:{self.ports[port]}"

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return f"127.0.0.1:{self.ports['kafka']}"

    @property
    def stack_file(self) -> Path:
        """Addresses and pids of what runs; no secret."""
        return self.out / "stack.json"

    @property
    def password_file(self) -> Path:
        """The first admin's password, mode 0600."""
        return self.out / "admin-password"

    def remember(self) -> None:
        """Keep them in the data folder, for whoever is told only of that (`known`)."""
        plain = {**asdict(self), "data": str(self.data), "out": str(self.out)}
        note = self.data / "settings.json"
        note.touch(mode=0o600)
        note.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def known(cls, data: Path) -> Self | None:
        """The settings that a stack in this data folder was last started with."""
        note = data / "settings.json"
        if not note.exists():
            return None
        plain = json.loads(note.read_text(encoding="utf-8"))
        return cls(**{**plain, "data": Path(plain["data"]), "out": Path(plain["out"])})


FREE = "  (or `--ports free` for all of them)"


def _own(service: str) -> dict[str, str]:
    mark = f"{service.upper()}_"
    return {n.removeprefix(mark): v for n, v in os.environ.items() if n.startswith(mark)}
