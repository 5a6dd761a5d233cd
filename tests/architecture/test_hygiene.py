"""The tree is clean: small files, no markers of unfinished work, no addresses of registries."""

import re
import statistics

from architecture.workspace import ROOT, tracked

LONGEST = 300
LONGEST_TEST = 450
"""A suite of one subject may be longer than code."""


def lines(path: str) -> int:
    return len((ROOT / path).read_text(encoding="utf-8").splitlines())


def python_files() -> list[str]:
    return [str(p.relative_to(ROOT)) for p in tracked("*.py")]


def longest(path: str) -> int:
    return LONGEST_TEST if "/tests/" in f"/{path}" else LONGEST


def test_files_are_small() -> None:
    sizes = {path: lines(path) for path in python_files()}
    too_long = {p: n for p, n in sizes.items() if n > longest(p)}
    assert too_long == {}
    assert statistics.median(n for p, n in sizes.items() if n) < 100


def test_nothing_says_that_it_is_unfinished() -> None:
    words = "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK", "NotImplemented" + "Error"])
    marker = re.compile(rf"\b({words})\b")
    found = [p for p in python_files() if marker.search((ROOT / p).read_text(encoding="utf-8"))]
    assert found == []


def test_no_exception_is_swallowed_whole() -> None:
    swallowed = re.compile(r"except( Exception| BaseException)?:\s*\n\s*(pass|continue)\s*\n")
    found = [p for p in python_files() if swallowed.search((ROOT / p).read_text(encoding="utf-8"))]
    assert found == []


def test_tests_wait_for_conditions_not_for_time() -> None:
    sleep = re.compile(r"\btime\.sleep\(|asyncio\.sleep\((0\.[1-9]|[1-9])")
    found = [
        p
        for p in python_files()
        if "tests/" in p and sleep.search((ROOT / p).read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_lock_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--hash=sha256:" in text
    names = re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", text, re.MULTILINE)
    assert len(names) == len(set(names))


def test_every_direct_dependency_has_its_reason() -> None:
    reasons = "\n".join(p.read_text(encoding="utf-8") for p in tracked("docs/adr/*.md"))
    wanted = [
        re.split(r"[\[=<>~ ]", line)[0]
        for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert [name for name in wanted if f"`{name}`" not in reasons] == []


def test_an_adr_fits_on_a_page() -> None:
    assert {p.name: n for p in tracked("docs/adr/*.md") if (n := lines(str(p))) > 50} == {}
