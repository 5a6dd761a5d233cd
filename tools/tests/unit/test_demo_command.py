"""What `desk demo` refuses before it starts anything."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deskstream_tools.cli import app
from deskstream_tools.local.settings import StackSettings


@pytest.fixture
def demo(tmp_path: Path) -> "tuple[CliRunner, list[str]]":
    data = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    return CliRunner(), ["demo", *data]


def test_it_never_drops_what_is_not_a_demo(
    demo: "tuple[CliRunner, list[str]]", tmp_path: Path
) -> None:
    runner, command = demo
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("mine")
    said = runner.invoke(app, command)
    assert said.exit_code == 1
    assert "something else than a demo" in said.output
    StackSettings(data=tmp_path / "data", topic_prefix="").remember()
    assert runner.invoke(app, command).exit_code == 1
    assert (tmp_path / "data" / "thesis.txt").read_text() == "mine"


def test_an_unusable_file_is_said_at_once(
    demo: "tuple[CliRunner, list[str]]", tmp_path: Path
) -> None:
    runner, command = demo
    (tmp_path / "no.csv").write_text("a,b\n1,2\n")
    said = runner.invoke(app, [*command, "--tickets", str(tmp_path / "no.csv")])
    assert said.exit_code == 1
    assert "text" in said.output
    assert not (tmp_path / "data").exists()


def test_every_command_has_help_and_the_main_ones_an_example() -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["--help"]).output
    names = re.findall(r"^│ ([a-z-]+) ", listed, re.MULTILINE)
    assert {"up", "down", "status", "reset", "demo", "events", "show", "cron"} <= set(names)
    for name in ("up", "demo", "events", "replay", "rebuild", "show", "cron"):
        assert "Example" in runner.invoke(app, [name, "--help"]).output
