"""One OpenAPI document of the whole API, as it is seen through the gateway.

Services describe their own routes; the route table says which of them exist for a client, under
which access, rate and limits. What stands in one and not in the other is an error.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.interface.gate.rows import Row

Document = Mapping[str, Any]

_INTERNAL = "/internal/"
_VERBS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
_OWN: dict[str, tuple[str, str]] = {
    "GET /api/health": ("Tells that the gateway lives", "application/json"),
    "HEAD /api/health": ("Tells that the gateway lives", ""),
    "GET /api/robots": ("robots.txt", "text/plain"),
    "GET /api/sitemap": ("An empty sitemap", "application/xml"),
    "GET /api/realtime": (
        "What happens, as far as the caller may see it; resumes after `Last-Event-ID` or `?since=`",
        "text/event-stream",
    ),
    "GET /api/security-txt": ("How to report a weakness (RFC 9116)", "text/plain"),
    "GET /api/cron/outbox": (
        "Lag of every service's relay; 503 where one stands still",
        "application/json",
    ),
}
"""Rows that the gate answers itself."""

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `field` is the path of the input at fault.",
    "required": ["type", "title", "status", "code", "correlation_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
        "correlation_id": {"type": "string"},
    },
}
_PROBLEM_ANSWER = {
    "description": "Whatever else happens is a problem document.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_SECURITY = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-sid",
        "description": "Changes need `X-CSRF-Token` and a request from the desk's own origin.",
    },
    "key": {"type": "http", "scheme": "bearer", "bearerFormat": "ds_live_…"},
}


class TableAndDocumentsDiffer(Exception):
    """A served row that nobody describes, or a described route that is no row; all are listed."""


def whole_document(table: Iterable[Row], documents: Mapping[str, Document]) -> dict[str, Any]:
    """The documents of the services, by name, merged and held to the served rows of the table.

    Raises TableAndDocumentsDiffer. Routes that are no rows (a service's internal ones) are left
    out: they do not exist for a client.
    """
    described = {service: dict(_operations(document)) for service, document in documents.items()}
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    missing = []
    rows = sorted((row for row in table if row.served), key=lambda row: row.key)
    for row in rows:
        found = described.get(row.upstream, {}).get((row.method, _shape(row.path)))
        operation = _own_operation(row) if found is None else _renamed(found, row)
        if operation is None:
            missing.append(row.key)
            continue
        paths.setdefault(row.path, {})[row.method.lower()] = _seen_from_outside(operation, row)
        used = _pulled(operation, documents.get(row.upstream, {}), row.upstream)
        schemas |= used
    for service, operations in described.items():
        known = {(row.method, _shape(row.path)) for row in rows if row.upstream == service}
        strange = [op["x-path"] for at, op in operations.items() if at not in known]
        missing += [path for path in strange if not path.startswith(_INTERNAL)]
    if missing:
        raise TableAndDocumentsDiffer(", ".join(missing))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Deskstream",
            "version": "0.1.0",
            "description": "The whole API, as it is seen through the gateway.",
        },
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
    }


def _operations(document: Document) -> Iterable[tuple[tuple[str, str], dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for verb, operation in item.items():
            if verb in _VERBS:
                yield (verb.upper(), _shape(path)), {**operation, "x-path": path}


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _own_operation(row: Row) -> dict[str, Any] | None:
    told = _OWN.get(row.key)
    if told is None:
        return None
    summary, media_type = told
    content: dict[str, Any] = {"content": {media_type: {}}} if media_type else {}
    return {"summary": summary, "responses": {"200": {"description": "OK", **content}}}


def _renamed(operation: dict[str, Any], row: Row) -> dict[str, Any]:
    """Path parameters under the names of the table."""
    theirs = re.findall(r"\{([^}:]*)[^}]*\}", operation["x-path"])
    ours = re.findall(r"\{([^}]*)\}", row.path)
    names = dict(zip(theirs, ours, strict=True))
    kept = {key: value for key, value in operation.items() if key != "x-path"}
    if "parameters" in kept:
        kept["parameters"] = [
            {**parameter, "name": names.get(parameter["name"], parameter["name"])}
            if parameter.get("in") == "path"
            else parameter
            for parameter in kept["parameters"]
        ]
    return kept


def _seen_from_outside(operation: dict[str, Any], row: Row) -> dict[str, Any]:
    """The operation with what the gate adds: proof, access, rate, size, problems."""
    responses = {
        status: answer for status, answer in operation["responses"].items() if status != "422"
    }
    seen = {
        **_replaced(operation, _referring(row.upstream)),
        "responses": {
            **_replaced(responses, _referring(row.upstream)),
            "default": _PROBLEM_ANSWER,
        },
        "operationId": _operation_id(row),
        "tags": [row.upstream],
        "x-access": row.access_text,
        "x-rate": row.rate,
        "security": _security(row),
    }
    if row.step_up:
        seen["x-step-up"] = True
    if row.body_limit:
        seen["x-body-limit"] = row.body_limit
    return seen


def _security(row: Row) -> list[dict[str, list[str]]]:
    if row.access.public:
        return []
    session: list[dict[str, list[str]]] = [{"session": []}] if row.access.session else []
    return session + ([{"key": []}] if row.access.scopes else [])


def _operation_id(row: Row) -> str:
    words = re.findall(r"[a-z0-9]+", row.path.lower().removeprefix("/api"))
    return "_".join([row.method.lower(), *words])


def _pulled(operation: Any, document: Document, service: str) -> dict[str, Any]:
    """The schemas that an operation needs, under names that carry their service."""
    schemas = document.get("components", {}).get("schemas", {})
    wanted, found = list(_references(operation)), {}
    while wanted:
        name = wanted.pop()
        key = f"{service}.{name}"
        if key not in found and name in schemas and not name.endswith("ValidationError"):
            found[key] = _replaced(schemas[name], _referring(service))
            wanted += _references(schemas[name])
    return found


def _references(value: Any) -> Iterable[str]:
    pattern = r'"#/components/schemas/([^"]+)"'
    return re.findall(pattern, json.dumps(value))


def _referring(service: str) -> Callable[[str], str]:
    prefix = "#/components/schemas/"
    return lambda text: (
        f"{prefix}{service}.{text.removeprefix(prefix)}" if text.startswith(prefix) else text
    )


def _replaced(value: Any, change: Callable[[str], str]) -> Any:
    """A copy in which every `$ref` went through `change`."""
    if isinstance(value, dict):
        return {
            key: change(item) if key == "$ref" else _replaced(item, change)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_replaced(item, change) for item in value]
    return value
