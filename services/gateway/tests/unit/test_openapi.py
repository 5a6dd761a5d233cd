"""One document of the whole API, held to the table."""

from functools import partial
from typing import Any

import pytest

from gateway.bootstrap import document
from gateway.interface.gate.routes import TABLE
from gateway.interface.gate.rows import make_row
from gateway.interface.openapi import TableAndDocumentsDiffer, whole_document

row = partial(make_row, unserved=frozenset(), reasons={"/open": "for the test"})
SERVICE: dict[str, Any] = {
    "paths": {
        "/things/{thing}": {
            "get": {
                "summary": "A thing",
                "parameters": [{"name": "thing", "in": "path", "required": True}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        }
                    },
                    "422": {"description": "FastAPI's own"},
                },
            }
        },
        "/internal/ops/lag": {"get": {"responses": {}}},
    },
    "components": {
        "schemas": {
            "Thing": {"properties": {"part": {"$ref": "#/components/schemas/Part"}}},
            "Part": {"type": "string"},
            "Unused": {"type": "string"},
        }
    },
}


def test_a_route_appears_as_a_client_sees_it() -> None:
    table = [row("GET", "/things/{id:uuid}", "session|api-key:things", "api", upstream="shop")]
    merged = whole_document(table, {"shop": SERVICE})
    assert set(merged["paths"]) == {"/things/{id}"}
    operation = merged["paths"]["/things/{id}"]["get"]
    assert operation["parameters"] == [{"name": "id", "in": "path", "required": True}]
    assert set(operation["responses"]) == {"200", "default"}
    assert operation["security"] == [{"session": []}, {"key": []}]
    assert (operation["x-access"], operation["x-rate"]) == ("session|api-key:things", "api")
    assert set(merged["components"]["schemas"]) == {"Problem", "shop.Thing", "shop.Part"}
    part = merged["components"]["schemas"]["shop.Thing"]["properties"]["part"]
    assert part == {"$ref": "#/components/schemas/shop.Part"}


def test_a_served_row_that_nobody_describes_is_an_error() -> None:
    table = [row("GET", "/things/{id:uuid}", "session", "api", upstream="shop")]
    with pytest.raises(TableAndDocumentsDiffer, match="GET /things"):
        whole_document(table, {"shop": {"paths": {}}})


def test_a_described_route_that_is_no_row_is_an_error() -> None:
    with pytest.raises(TableAndDocumentsDiffer, match="/things/"):
        whole_document(
            [row("GET", "/open", "public", "none", upstream="gateway")], {"shop": SERVICE}
        )


def test_the_gateways_own_rows_are_all_described() -> None:
    own = [row for row in TABLE if row.upstream == "gateway"]
    merged = whole_document(own, {"gateway": document()})
    served = {(row.path, row.method.lower()) for row in own if row.served}
    assert {(path, verb) for path, item in merged["paths"].items() for verb in item} == served
