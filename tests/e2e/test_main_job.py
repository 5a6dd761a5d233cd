"""The main job, as `make demo` plays it, on a stack of real parts."""

import json
from pathlib import Path

from e2e.people import Desk

from deskstream_tools.demo.main_job import play
from deskstream_tools.demo.run import BAD_ROWS, demo
from deskstream_tools.demo.target import Progress, Target


async def test_from_a_registered_agent_to_a_mail_that_arrived(target: Target, desk: Desk) -> None:
    progress = Progress(say=lambda _: None)
    await play(target, desk.client, progress)
    assert progress.held >= 20


async def test_a_file_of_tickets_is_reconciled_and_its_bad_rows_are_named(
    target: Target, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    good = [f'"Where is parcel {n}?",tracking' for n in range(40)]
    path.write_text("\n".join(["text,category", *good[:20], " ,empty", *good[20:]]) + "\n")
    code = await demo(target, tickets=path, concurrency=8, begun=0.0, setup_s=0.0, start_s=0.0)
    assert code == BAD_ROWS
    result = json.loads((target.out / "demo.json").read_text())
    counts = ("tickets", "acknowledged", "stored", "published", "mails")
    assert {name: result[name] for name in counts} == dict.fromkeys(counts, 40)
    assert (result["lost"], result["duplicates"]) == (0, 0)
