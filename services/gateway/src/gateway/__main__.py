"""`python -m gateway api|worker|all|migrate|ops …`, and what only a gateway has:

routes [--json]                      every served row
openapi                              the whole API as seen through the gateway
signing-keys FILE                    a new file with one signing key
admin create EMAIL --name NAME [--password-stdin]
key create NAME --scope SCOPE … [--rate N] [--expires INSTANT] · key list · key revoke ID
"""

import json
import sys
from pathlib import Path

from deskstream_chassis.process import main as run_service
from gateway.bootstrap import SPEC
from gateway.infra.signing_keys import write_signing_keys
from gateway.interface.listing import served_rows, table_text


def main() -> None:
    """Run and exit, as the chassis's `main` does."""
    match sys.argv[1:]:
        case ["routes", "--json"]:
            sys.stdout.write(json.dumps(served_rows(), indent=1) + "\n")
        case ["routes"]:
            sys.stdout.write(table_text(served_rows()))
        case ["signing-keys", path]:
            write_signing_keys(Path(path))
        case ["admin" | "key" as thing, verb, *arguments]:
            run_service(SPEC, ["ops", f"{thing}-{verb}", *arguments])
        case _:
            run_service(SPEC)


main()
