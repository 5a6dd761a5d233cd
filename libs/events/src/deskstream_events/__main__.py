"""`python -m deskstream_events ROOT`: write the contracts and documents of a checkout."""

import sys
from pathlib import Path

from deskstream_events.contracts import as_json, asyncapi, events_page, frozen_files


def documents(root: Path) -> dict[Path, str]:
    """Every generated file of a checkout by path."""
    return {
        **frozen_files(root / "libs" / "events"),
        root / "docs" / "events.md": events_page(),
        root / "docs" / "asyncapi.json": as_json(asyncapi()),
    }


def main(root: Path) -> None:
    """Write what is new or changed; a published schema that changed is for review to refuse."""
    for path, text in documents(root).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
