"""Which row a request meant. Built once; a request costs one walk along its segments."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from re import Pattern

from gateway.interface.gate.rows import PARAMETERS, Row

_LONGEST = 512
_REMEMBERED = 4096


@dataclass(slots=True)
class Match:
    """A row, its parameters as they were validated, and the path rebuilt from them."""

    row: Row
    parameters: dict[str, str]
    path: str


@dataclass(slots=True)
class _Node:
    static: dict[str, "_Node"] = field(default_factory=dict)
    typed: list[tuple[Pattern[str], "_Node"]] = field(default_factory=list)
    rows: dict[str, tuple[Row, tuple[str, ...]]] = field(default_factory=dict)


class Matcher:
    """Finds rows by path and method. A static segment wins over a parameter.

    Only served rows are known to it: the others do not exist for a client.
    """

    def __init__(self, table: Iterable[Row]) -> None:
        self._root = _Node()
        self._known: dict[tuple[str, str], Match] = {}
        for row in table:
            if row.served:
                self._add(row)

    def _add(self, row: Row) -> None:
        node, names = self._root, []
        for segment in row.template.split("/")[1:]:
            if segment.startswith("{"):
                name, _, kind = segment[1:-1].partition(":")
                names.append(name)
                node = _typed_child(node, PARAMETERS[kind])
            else:
                node = node.static.setdefault(segment, _Node())
        if row.method in node.rows:
            raise ValueError(f"two rows for {row.key}")
        node.rows[row.method] = (row, tuple(names))

    def match(self, method: str, path: str) -> Match | tuple[str, ...]:
        """The match, or the methods that the path does have (405); none at all means 404."""
        known = self._known.get((method, path))
        if known is not None:
            return known
        found = self._search(method, path)
        if isinstance(found, Match):
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[method, path] = found
        return found

    def _search(self, method: str, path: str) -> Match | tuple[str, ...]:
        if len(path) > _LONGEST or not path.startswith("/"):
            return ()
        segments = path.split("/")
        found: list[tuple[int, str]] = []
        node = self._walk(self._root, segments, 1, found)
        if node is None:
            return ()
        hit = node.rows.get(method)
        if hit is None:
            return tuple(sorted(node.rows))
        row, names = hit
        if not found:
            return Match(row, {}, path)
        parameters = {}
        for name, (index, value) in zip(names, reversed(found), strict=True):
            parameters[name] = segments[index] = value
        return Match(row, parameters, "/".join(segments))

    def _walk(
        self, node: _Node, segments: list[str], at: int, found: list[tuple[int, str]]
    ) -> _Node | None:
        if at == len(segments):
            return node if node.rows else None
        segment = segments[at]
        child = node.static.get(segment)
        if child is not None and (end := self._walk(child, segments, at + 1, found)) is not None:
            return end
        for pattern, typed in node.typed:
            if pattern.fullmatch(segment) is None:
                continue
            end = self._walk(typed, segments, at + 1, found)
            if end is not None:
                found.append((at, segment.lower() if pattern.flags & re.IGNORECASE else segment))
                return end
        return None


def _typed_child(node: _Node, pattern: Pattern[str]) -> _Node:
    for known, child in node.typed:
        if known is pattern:
            return child
    child = _Node()
    node.typed.append((pattern, child))
    return child
