"""The served rows as a list for people and tools."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.interface.gate.routes import TABLE


def served_rows() -> list[dict[str, Any]]:
    """method, path, service, access, rate, step_up of every served row, by path."""
    rows = [
        {
            "method": row.method,
            "path": row.path,
            "service": row.upstream,
            "access": row.access_text,
            "rate": row.rate,
            "step_up": row.step_up,
        }
        for row in TABLE
        if row.served
    ]
    return sorted(rows, key=lambda row: (row["path"], row["method"]))


def table_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """One aligned line a row."""
    return "".join(
        f"{row['method']:6} {row['path']:48} {row['service']:10} {row['access']:34} {row['rate']}"
        f"{'  step-up' if row['step_up'] else ''}\n"
        for row in rows
    )
