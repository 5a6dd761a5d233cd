"""The threats, in our own short words, and the record of which were tried and held."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

THREATS = {
    "S1": "a way around signing in: a switch in the code, a profile without proof",
    "S2": "an invoice mailed by anybody, or too often to one",
    "S3": "draft orders read or written by anybody",
    "S4": "a call changed by anybody, or linked to a ticket out of sight",
    "S5": "comments of a ticket out of sight",
    "S6": "a file put on a ticket out of sight",
    "S7": "a secret left out, and the service starts",
    "S8": "tables that the code knows otherwise than the database has them",
    "S9": "personal data in logs, metrics, traces, errors",
    "S10": "a reply shown as sent that never was mailed, or mailed twice",
    "A1": "a ticket reached by its id alone",
    "A2": "guessed, replayed or planted proofs of identity",
    "A3": "fields set or read that are not the caller's",
    "A4": "bodies, pages and rates without bound",
    "A5": "an administrator's route used by somebody below",
    "A6": "one business step done many times over",
    "A7": "our servers made to fetch from inside",
    "A8": "answers without their protecting headers; debugging left on",
    "A9": "routes that nobody listed",
    "A10": "vendors' answers taken as they come",
    "21": "headers that pretend to come from our own side",
    "22": "a path that two readers read in two ways",
    "23": "a request hidden in another's body",
    "24": "forged or replayed internal identities",
    "25": "a stolen session, or a stolen database",
    "26": "another site's page acting through a browser",
    "27": "an event stream that tells too much or never ends",
    "28": "a vendor's call replayed",
    "29": "finding out who has an account",
    "30": "answers drawn from documents out of sight; texts that command the model",
}

LATER = {
    "S2": "notifier's invoice row",
    "S3": "commerce-gateway",
    "A10": "commerce-gateway",
    "30": "rag",
}
"""What is tried once the part exists that could be attacked."""


@dataclass(frozen=True)
class Tried:
    """One threat as it was tried in a run."""

    id: str
    held: bool
    detail: str


def merged(tried: Iterable[Tried]) -> list[Tried]:
    """One row a threat: it held where every attempt was held off."""
    rows: dict[str, Tried] = {}
    for one in tried:
        known = rows.get(one.id)
        if known is None:
            rows[one.id] = one
        else:
            detail = f"{known.detail}; {one.detail}"
            rows[one.id] = Tried(one.id, known.held and one.held, detail)
    order = list(THREATS)
    return sorted(rows.values(), key=lambda row: order.index(row.id))


def write(path: Path, tried: Iterable[Tried]) -> None:
    """Write the rows, keeping those of threats that this run did not try."""
    fresh = {row.id: asdict(row) for row in merged(tried)}
    kept = json.loads(path.read_text()) if path.exists() else []
    rows = {row["id"]: row for row in kept if row["id"] in THREATS} | fresh
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = [rows[name] for name in THREATS if name in rows]
    path.write_text(json.dumps(ordered, indent=2) + "\n", encoding="utf-8")
