"""Committed documents equal what the code says; `make docs` writes them."""

import importlib
import json
import re
import subprocess
import sys

from architecture.workspace import ROOT, SERVICES


def test_the_api_document_is_the_api_as_seen_through_the_gateway() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "openapi"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json.loads(done.stdout), "run `make docs`"


def test_it_describes_every_served_row_and_no_other() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "routes", "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    described = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert described == {(row["method"], row["path"]) for row in json.loads(done.stdout)}


def test_every_setting_that_a_document_names_is_one() -> None:
    known = {
        f"{service}_{name}".upper()
        for service in SERVICES
        for name in importlib.import_module(f"{service}.settings").Settings.model_fields
    }
    named = re.compile(rf"\b(?:{'|'.join(SERVICES).upper()})_[A-Z_]+\b")
    paths = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("services/*/README.md")]
    unknown = {
        f"{path.name}: {name}"
        for path in paths
        for name in named.findall(path.read_text(encoding="utf-8"))
        if name not in known
    }
    assert unknown == set()
