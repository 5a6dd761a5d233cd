"""Settings of a stack: names, ports, what is remembered."""

import socket
from pathlib import Path

import pytest

from deskstream_tools.local.settings import PORTS, StackSettings, Unusable


def test_a_taken_port_is_named_with_the_setting_that_changes_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = StackSettings().with_free_ports().with_ports({"gateway-api": port})
        with pytest.raises(Unusable) as said:
            settings.check_ports()
    assert f"port {port} (gateway-api) is taken" in str(said.value)
    assert "--port gateway-api=NUMBER" in str(said.value)
    assert "DESKSTREAM_PORT_GATEWAY_API" in str(said.value)


def test_free_ports_are_free_and_all_different() -> None:
    settings = StackSettings().with_free_ports()
    settings.check_ports()
    assert len(set(settings.ports.values())) == len(PORTS)


@pytest.mark.parametrize("wanted", [{"gate": 1}, {"kafka": "x"}, {"kafka": 0}, {"kafka": 70000}])
def test_unknown_ports_and_no_numbers_are_refused(wanted: dict[str, int | str]) -> None:
    with pytest.raises(Unusable):
        StackSettings().with_ports(wanted)


def test_everything_can_be_set_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DESKSTREAM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DESKSTREAM_OUT", str(tmp_path / "out"))
    monkeypatch.setenv("DESKSTREAM_PREFIX", "second.")
    monkeypatch.setenv("DESKSTREAM_PORT_KAFKA_CONTROLLER", "9999")
    monkeypatch.setenv("TICKETING_UNDO_SECONDS", "3")
    found = StackSettings.from_environment()
    assert (found.data, found.out) == (tmp_path / "data", tmp_path / "out")
    assert (found.topic_prefix, found.ports["kafka-controller"]) == ("second.", 9999)
    assert found.environment["ticketing"] == {"UNDO_SECONDS": "3"}


def test_a_data_folder_remembers_the_settings_it_was_started_with(tmp_path: Path) -> None:
    settings = StackSettings(data=tmp_path, topic_prefix="x.").with_free_ports()
    assert StackSettings.known(tmp_path) is None
    settings.remember()
    assert StackSettings.known(tmp_path) == settings
    assert (tmp_path / "settings.json").stat().st_mode & 0o077 == 0
