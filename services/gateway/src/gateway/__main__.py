"""`python -m gateway api|worker|all|migrate|ops …`, and what only a gateway has:

routes [--json]                      every served row
openapi                              the whole API as seen through the gateway
signing-keys FILE                    a new file with one signing key
admin create EMAIL --name NAME [--password-stdin]
audit verify · audit tail [COUNT]
key create NAME --scope SCOPE … [--rate N] [--expires INSTANT] · key list
key rotate ID [--overlap SECONDS] · key revoke ID
user list [--status STATUS] [--personal] · user role WHO ROLE
user suspend WHO --reason TEXT · user reset-factor WHO --reason TEXT
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from deskstream_chassis.process import main as run_service
from gateway.bootstrap import SPEC, document
from gateway.infra.signing_keys import write_signing_keys
from gateway.interface.gate.routes import TABLE
from gateway.interface.listing import served_rows, table_text
from gateway.interface.openapi import TableAndDocumentsDiffer, whole_document


def main() -> None:
    """Run and exit, as the chassis's `main` does."""
    match sys.argv[1:]:
        case ["routes", "--json"]:
            sys.stdout.write(json.dumps(served_rows(), indent=1) + "\n")
        case ["routes"]:
            sys.stdout.write(table_text(served_rows()))
        case ["openapi"]:
            sys.exit(show_document())
        case ["signing-keys", path]:
            write_signing_keys(Path(path))
        case ["admin" | "user" | "key" | "audit" as thing, verb, *arguments]:
            run_service(SPEC, ["ops", f"{thing}-{verb}", *arguments])
        case _:
            run_service(SPEC)


def show_document() -> int:
    """Print the merged document. 1: the table and the services differ."""
    others = {row.upstream for row in TABLE if row.served} - {"gateway"}
    documents = {"gateway": document(), **{name: _ask(name) for name in sorted(others)}}
    try:
        merged = whole_document(TABLE, documents)
    except TableAndDocumentsDiffer as error:
        sys.stderr.write(f"table and services differ: {error}\n")
        return 1
    sys.stdout.write(json.dumps(merged, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return 0


def _ask(service: str) -> Any:
    """What a service says of its own API. Raises CalledProcessError."""
    module = service.replace("-", "_")
    command = [sys.executable, "-m", module, "openapi"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603


main()
